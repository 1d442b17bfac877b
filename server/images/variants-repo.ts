import type { Kysely, Transaction } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'
import type { Variant } from './variant.ts'

export type VariantsRepo = ReturnType<typeof createVariantsRepo>

/** Queries on variants while their file lives; `uploads-repo.ts` lets them go with it. */
export function createVariantsRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  return {
    find: (fileId: string, spec: string): Promise<Variant | undefined> =>
      db.selectFrom('variants').selectAll().where('fileId', '=', fileId).where('spec', '=', spec).executeTakeFirst(),

    /**
     * Not kept: another one was first, or the file is going. `displaced` are blobs that nobody needs any more: the variant's
     * own, or those of the oldest of the file when it has more than `max`. The update that changes nothing makes the
     * file's removal wait for us (PostgreSQL), so that the purge, which comes after that, sees this row.
     */
    insert: (variant: Variant, max: number): Promise<{ isKept: boolean; displaced: string[] }> =>
      transact(async (trx) => {
        const refused = { isKept: false, displaced: [variant.blobKey] }
        const { numUpdatedRows } = await trx
          .updateTable('files')
          .set({ status: 'uploaded' })
          .where('id', '=', variant.fileId)
          .where('status', '=', 'uploaded')
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return refused
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto('variants')
          .values(variant)
          .onConflict((conflict) => conflict.columns(['fileId', 'spec']).doNothing())
          .executeTakeFirst()
        if (numInsertedOrUpdatedRows !== 1n) return refused
        return { isKept: true, displaced: await displaceOldest(trx, variant.fileId, max) }
      }),

    /** It is derived again at the next request. */
    forget: ({ blobKey }: Pick<Variant, 'blobKey'>): Promise<void> =>
      transact(async (trx) => {
        await trx.deleteFrom('variants').where('blobKey', '=', blobKey).execute()
      }),
  }
}

async function displaceOldest(trx: Transaction<Schema>, fileId: string, max: number): Promise<string[]> {
  const oldest = await trx
    .selectFrom('variants')
    .select('blobKey')
    .where('fileId', '=', fileId)
    .orderBy('createdAt', 'desc')
    .limit(max)
    .offset(max)
    .execute()
  const keys = oldest.map(({ blobKey }) => blobKey)
  if (keys.length > 0) await trx.deleteFrom('variants').where('blobKey', 'in', keys).execute()
  return keys
}
