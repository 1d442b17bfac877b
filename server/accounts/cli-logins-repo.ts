import type { Kysely } from 'kysely'
import type { Row, Schema } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'

/** A program that waits for its user to approve it. */
export type CliLogin = Row<'cliLogins'>

export type CliLoginsRepo = ReturnType<typeof createCliLoginsRepo>

/** Every query on logins of the command line. */
export function createCliLoginsRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  return {
    async findCliLogin(code: string): Promise<CliLogin | undefined> {
      if (!CODE.test(code)) return undefined
      return db.selectFrom('cliLogins').selectAll().where('code', '=', code).executeTakeFirst()
    },

    /** Those that are over go by the way. False: there is one with this code. */
    insertCliLogin: (login: CliLogin, now: number): Promise<boolean> =>
      transact(async (trx) => {
        await trx.deleteFrom('cliLogins').where('expiresAt', '<=', now).execute()
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto('cliLogins')
          .values(login)
          .onConflict((conflict) => conflict.column('code').doNothing())
          .executeTakeFirst()
        return numInsertedOrUpdatedRows === 1n
      }),

    /** False: somebody has approved it already. */
    approveCliLogin: (code: string, userId: string, comment: string): Promise<boolean> =>
      transact(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('cliLogins')
          .set({ userId, comment })
          .where('code', '=', code)
          .where('userId', 'is', null)
          .executeTakeFirst()
        return numUpdatedRows === 1n
      }),

    /** Takes an approved login out, for the one who is going to answer it. False: it was taken already. */
    takeCliLogin: (code: string): Promise<boolean> =>
      transact(async (trx) => {
        const { numDeletedRows } = await trx
          .deleteFrom('cliLogins')
          .where('code', '=', code)
          .where('userId', 'is not', null)
          .executeTakeFirst()
        return numDeletedRows === 1n
      }),
  }
}

/** PostgreSQL fails on a NUL. */
const CODE = /^[A-Z0-9-]{9}$/
