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
      .innerJoin('users', 'users.id', 'sessions.user_id')
      .selectAll('users')
      .select(['sessions.xsrf_hash', 'sessions.expires_at', 'sessions.created_at as started_at'])
      .where('sessions.id', '=', ''),
  )

  return {
    async findSession(id: string): Promise<Session | undefined> {
      const [row] = await sessionById(id)
      if (!row) return undefined
      const { xsrf_hash: xsrfHash, started_at: createdAt, expires_at: expiresAt } = row
      return { id, user: toAccount(row), xsrfHash, createdAt, expiresAt }
    },

    /** Those that are over go by the way, so that nobody else need care. */
    insertSession: ({ id, user, xsrfHash, createdAt, expiresAt }: Session): Promise<void> =>
      transact(async (trx) => {
        await trx.deleteFrom('sessions').where('expires_at', '<=', createdAt).execute()
        const row = { id, user_id: user.id, xsrf_hash: xsrfHash, created_at: createdAt, expires_at: expiresAt }
        await trx.insertInto('sessions').values(row).execute()
      }),

    deleteSession: (id: string): Promise<void> =>
      transact(async (trx) => {
        await trx.deleteFrom('sessions').where('id', '=', id).execute()
      }),

    deleteSessionsOf: (userId: string, exceptId: string): Promise<void> =>
      transact(async (trx) => {
        await trx.deleteFrom('sessions').where('user_id', '=', userId).where('id', '<>', exceptId).execute()
      }),
  }
}
