import type { Database } from '../database/open-database.ts'
import type { User } from './user.ts'
import { toAccount } from './users-repo.ts'

/** A login. `id` and `xsrfHash` are hashes of what its cookies hold. */
export interface Session {
  id: string
  user: User
  xsrfHash: string
  createdAt: number
  expiresAt: number
}

export type SessionsRepo = ReturnType<typeof createSessionsRepo>

/** Every query on sessions. */
export function createSessionsRepo({ db, prepare, transact }: Pick<Database, 'db' | 'prepare' | 'transact'>) {
  const sessionById = prepare(
    db
      .selectFrom('sessions')
      .innerJoin('users', 'users.id', 'sessions.userId')
      .selectAll('users')
      .select(['sessions.xsrfHash', 'sessions.expiresAt', 'sessions.createdAt as startedAt'])
      .where('sessions.id', '=', ({ selectFrom }) => selectFrom('sessions').select('id').where('id', '=', '')),
  )

  return {
    async findSession(id: string): Promise<Session | undefined> {
      const [row] = await sessionById(id)
      if (!row) return undefined
      const { xsrfHash, startedAt, expiresAt, ...user } = row
      return { id, user: toAccount(user), xsrfHash, createdAt: startedAt, expiresAt }
    },

    /** Also deletes expired sessions, so that no job has to. */
    insertSession: ({ id, user, xsrfHash, createdAt, expiresAt }: Session): Promise<void> =>
      transact(async (trx) => {
        await trx.deleteFrom('sessions').where('expiresAt', '<=', createdAt).execute()
        const row = { id, userId: user.id, xsrfHash, createdAt, expiresAt }
        await trx.insertInto('sessions').values(row).execute()
      }),

    deleteSession: (id: string): Promise<void> =>
      transact(async (trx) => {
        await trx.deleteFrom('sessions').where('id', '=', id).execute()
      }),

    deleteSessionsOf: (userId: string, exceptId: string): Promise<void> =>
      transact(async (trx) => {
        await trx.deleteFrom('sessions').where('userId', '=', userId).where('id', '<>', exceptId).execute()
      }),
  }
}
