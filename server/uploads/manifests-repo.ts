import type { Kysely } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'

export type ManifestsRepo = ReturnType<typeof createManifestsRepo>

/** Every query on manifests: at most one for each upload. */
export function createManifestsRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  return {
    async find(uploadId: string): Promise<string | undefined> {
      const row = await db.selectFrom('manifests').select('sealed').where('uploadId', '=', uploadId).executeTakeFirst()
      return row?.sealed
    },

    insert: (uploadId: string, sealed: string): Promise<void> =>
      transact(async (trx) => {
        await trx.insertInto('manifests').values({ uploadId, sealed }).execute()
      }),

    /** Compare-and-set. False: it is another one by now, or gone. */
    replace: (uploadId: string, before: string, sealed: string): Promise<boolean> =>
      transact(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('manifests')
          .set({ sealed })
          .where('uploadId', '=', uploadId)
          .where('sealed', '=', before)
          .executeTakeFirst()
        return numUpdatedRows === 1n
      }),
  }
}
