import type { Kysely } from 'kysely'
import { chunks } from '../database/chunks.ts'
import type { Row, Schema } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'

export type FilesCheckRepo = ReturnType<typeof createFilesCheckRepo>

/** As much of a stored file, or of an image derived from it, as a check needs. */
export type StoredBytes = Pick<Row<'files'>, (typeof COLUMNS)[number]> & { blobKey: string }

const COLUMNS = ['id', 'blobKey', 'size', 'sha256', 'fault'] as const

/** What checks of the stored bytes ask and note. */
export function createFilesCheckRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  const stored = () =>
    db
      .selectFrom('files')
      .select(COLUMNS)
      .where('status', '=', 'uploaded')
      .where('blobKey', 'is not', null)
      .$narrowType<{ blobKey: string }>()

  return {
    /** In order of id, those after `afterId`. */
    listStored: (afterId: string, limit: number): Promise<StoredBytes[]> =>
      stored().where('id', '>', afterId).orderBy('id').limit(limit).execute(),

    /** The blobs of derived images, in order of key, those after `afterKey`. */
    listVariants: (afterKey: string, limit: number): Promise<{ blobKey: string; size: number }[]> =>
      db
        .selectFrom('variants')
        .select(['blobKey', 'size'])
        .where('blobKey', '>', afterKey)
        .orderBy('blobKey')
        .limit(limit)
        .execute(),

    /** Files whose digest was never verified, then those not verified since `before`, the oldest first. */
    async listUnverified(before: number, limit: number): Promise<StoredBytes[]> {
      const never = await stored().where('verifiedAt', 'is', null).limit(limit).execute()
      if (never.length > 0) return never
      return stored().where('verifiedAt', '<', before).orderBy('verifiedAt').limit(limit).execute()
    },

    /** Skips files that were removed or whose bytes have changed. Returns the number of recorded faults. */
    noteFaults: (found: readonly (StoredBytes & { verifiedAt?: number })[]): Promise<number> =>
      transact(async (trx) => {
        let noted = 0
        for (const { id, blobKey, fault, verifiedAt } of found) {
          const { numUpdatedRows } = await trx
            .updateTable('files')
            .set({ fault, verifiedAt })
            .where('id', '=', id)
            .where('blobKey', '=', blobKey)
            .where('status', '=', 'uploaded')
            .executeTakeFirst()
          noted += Number(numUpdatedRows)
        }
        return noted
      }),

    /** They are derived again at the next request. */
    forgetVariants: (blobKeys: readonly string[]): Promise<void> =>
      transact(async (trx) => {
        for (const keys of chunks(blobKeys, 500))
          await trx.deleteFrom('variants').where('blobKey', 'in', keys).execute()
      }),

    async countFaults(): Promise<number> {
      const { count } = await db
        .selectFrom('files')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('fault', 'is not', null)
        .where('status', '=', 'uploaded')
        .executeTakeFirstOrThrow()
      return Number(count)
    },
  }
}
