import type { Kysely, Selectable } from 'kysely'
import type { CliLoginsTable, Schema } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'

/** A program that waits for its user to approve it. */
export interface CliLogin {
  code: string
  secretHash: string
  hostname: string
  /** Who approved it; null: nobody yet. */
  userId: string | null
  /** What its token is going to be called. */
  comment: string
  expiresAt: number
}

export type CliLoginsRepo = ReturnType<typeof createCliLoginsRepo>

/** Every query on logins of the command line. */
export function createCliLoginsRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  return {
    async findCliLogin(code: string): Promise<CliLogin | undefined> {
      if (!CODE.test(code)) return undefined
      const row = await db.selectFrom('cli_logins').selectAll().where('code', '=', code).executeTakeFirst()
      return row && toCliLogin(row)
    },

    /** Those that are over go by the way. False: there is one with this code. */
    insertCliLogin: ({ secretHash, expiresAt, userId, ...login }: CliLogin, now: number): Promise<boolean> =>
      transact(async (trx) => {
        await trx.deleteFrom('cli_logins').where('expires_at', '<=', now).execute()
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto('cli_logins')
          .values({ ...login, secret_hash: secretHash, expires_at: expiresAt, user_id: userId })
          .onConflict((conflict) => conflict.column('code').doNothing())
          .executeTakeFirst()
        return numInsertedOrUpdatedRows === 1n
      }),

    /** False: somebody has approved it already. */
    approveCliLogin: (code: string, userId: string, comment: string): Promise<boolean> =>
      transact(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('cli_logins')
          .set({ user_id: userId, comment })
          .where('code', '=', code)
          .where('user_id', 'is', null)
          .executeTakeFirst()
        return numUpdatedRows === 1n
      }),

    /** Takes an approved login out, for the one who is going to answer it. False: it was taken already. */
    takeCliLogin: (code: string): Promise<boolean> =>
      transact(async (trx) => {
        const { numDeletedRows } = await trx
          .deleteFrom('cli_logins')
          .where('code', '=', code)
          .where('user_id', 'is not', null)
          .executeTakeFirst()
        return numDeletedRows === 1n
      }),
  }
}

/** PostgreSQL fails on a NUL. */
const CODE = /^[A-Z0-9-]{9}$/

const toCliLogin = ({ code, secret_hash, hostname, user_id, comment, expires_at }: Selectable<CliLoginsTable>) => ({
  code,
  secretHash: secret_hash,
  hostname,
  userId: user_id,
  comment,
  expiresAt: expires_at,
})
