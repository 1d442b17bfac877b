import type { Kysely } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'

export type StoreIdRepo = ReturnType<typeof createStoreIdRepo>

/** The id that the database shares with its store. It is written once, and is in every backup. */
export function createStoreIdRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  return {
    async find(): Promise<string | undefined> {
      const row = await db.selectFrom('stores').select('id').where('name', '=', 'blobs').executeTakeFirst()
      return row?.id
    },

    /** Unless there is one already. Returns the one that there is then: replicas may add theirs at the same time. */
    add: (id: string): Promise<string> =>
      transact(async (trx) => {
        await trx
          .insertInto('stores')
          .values({ name: 'blobs', id })
          .onConflict((conflict) => conflict.doNothing())
          .execute()
        const row = await trx.selectFrom('stores').select('id').where('name', '=', 'blobs').executeTakeFirstOrThrow()
        return row.id
      }),
  }
}
