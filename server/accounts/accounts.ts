import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/open-database.ts'
import { createSessions, type Sessions } from './sessions.ts'
import { createSessionsRepo } from './sessions-repo.ts'
import { createTokens, type Tokens } from './tokens.ts'
import { createTokensRepo } from './tokens-repo.ts'
import { createUsers, type Users } from './users.ts'
import { createUsersRepo } from './users-repo.ts'

export interface Accounts {
  users: Users
  sessions: Sessions
  tokens: Tokens
}

interface Dependencies {
  database: Database
  clock: Clock
  config: Config
}

/** Users, and how they are known again. */
export function createAccounts({ database, clock, config }: Dependencies): Accounts {
  const repo = createUsersRepo(database)
  const sessions = createSessions({ repo: createSessionsRepo(database), users: repo, clock, config })
  return {
    users: createUsers({ repo, endSessions: sessions.endAll, clock }),
    sessions,
    tokens: createTokens({ repo: createTokensRepo(database), clock, config }),
  }
}
