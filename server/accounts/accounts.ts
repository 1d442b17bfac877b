import type { Config } from '../config/config.ts'
import type { Database } from '../database/open-database.ts'
import type { Clock } from '../lib/clock.ts'
import { type CliLogins, createCliLogins } from './cli-logins.ts'
import { createCliLoginsRepo } from './cli-logins-repo.ts'
import { createOidc, type Oidc } from './oidc.ts'
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
  cliLogins: CliLogins
  oidc: Oidc
}

interface Dependencies {
  database: Database
  clock: Clock
  config: Config
}

/** Users, and the ways to authenticate them. */
export function createAccounts({ database, clock, config }: Dependencies): Accounts {
  const repo = createUsersRepo(database)
  const sessions = createSessions({ repo: createSessionsRepo(database), users: repo, clock, config })
  const users = createUsers({ repo, endSessions: sessions.endAll, clock })
  const tokens = createTokens({ repo: createTokensRepo(database), clock, config })
  const cliLogins = createCliLogins({ repo: createCliLoginsRepo(database), users, tokens, clock })
  return { users, sessions, tokens, cliLogins, oidc: createOidc({ users, config }) }
}
