import type { Kysely } from 'kysely'
import type { Row, Schema } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'

/** A program that waits for its user's approval. */
export type CliLogin = Row<'cliLogins'>

export type CliLoginsRepo = ReturnType<typeof createCliLoginsRepo>

/** Every query on logins of the command line. */
export function createCliLoginsRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  return {
    async findCliLogin(code: string): Promise<CliLogin | undefined> {
      if (!CODE.test(code)) return undefined
      return db.selectFrom('cliLogins').selectAll().where('code', '=', code).executeTakeFirst()
    },

    /** Also deletes expired ones. Returns false if the code exists. */
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

    /** Returns false if it was approved already. */
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

    /** Deletes an approved login, so that its token is issued once. Returns false if it was already deleted. */
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
