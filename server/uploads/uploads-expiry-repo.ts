import { type ExpressionBuilder, type Kysely, sql } from 'kysely'
import { chunks } from '../database/chunks.ts'
import type { Schema } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'
import type { SeenLease } from '../lib/leases.ts'
import type { StoredFile } from './upload.ts'
import { dropFiles, giveBackFile, hasFileThatIs } from './uploads-repo.ts'

export type UploadsExpiryRepo = ReturnType<typeof createUploadsExpiryRepo>

/** What the end of uploads and files asks of the database; all of it may run twice, and on several replicas. */
export function createUploadsExpiryRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  return {
    /** Marks about `limit` uploads whose time is up, files included; returns how many. In order of the index, so that pages are written once. */
    expireUploads: (now: number, limit: number): Promise<number> =>
      transact(async (trx) => {
        const last = await trx
          .selectFrom('uploads')
          .select(['expiresAt', 'id'])
          .where('status', '=', 'active')
          .where('expiresAt', '<=', now)
          .where(isNotSpared)
          .orderBy('expiresAt')
          .orderBy('id')
          .offset(limit - 1)
          .limit(1)
          .executeTakeFirst()
        const expired = await trx
          .updateTable('uploads')
          .set({ status: 'expired' })
          .where('status', '=', 'active')
          .where(({ eb, refTuple, tuple }) =>
            last ? eb(refTuple('expiresAt', 'id'), '<=', tuple(last.expiresAt, last.id)) : eb('expiresAt', '<=', now),
          )
          .where(isNotSpared)
          .returning('id')
          .execute()
        if (expired.length > 0) await dropFiles(trx, idsOf(expired))
        return expired.length
      }),

    /** Leases of files that come in, in one request each. */
    listWriting: (): Promise<SeenLease[]> =>
      db
        .selectFrom('files')
        .select(['id', ({ ref }) => ref('leaseUntil').$notNull().as('mark')])
        .where('status', '=', sql.lit('uploading'))
        .where('leaseUntil', 'is not', null)
        .execute(),

    /** Ends files whose writer is gone as `giveBackFile` does, unless it renewed its lease. */
    abandonFiles: (leases: readonly SeenLease[]): Promise<number> =>
      transact(async (trx) => {
        let ended = 0
        for (const { id, mark } of leases) if (await giveBackFile(trx, id, mark)) ended += 1
        return ended
      }),

    /** Leaves out files whose last download is not confirmed yet. */
    listRemovedFiles: (limit: number): Promise<StoredFile[]> =>
      db
        .selectFrom('files')
        .selectAll()
        .where('status', '=', 'removed')
        .where('id', 'not in', onTheirWay(db))
        .limit(limit)
        .execute(),

    /** Files with bytes that nobody can reach any more, whether or not this was noted; in order of id, those after `afterId`. */
    listDueFiles: (now: number, afterId: string, limit: number): Promise<StoredFile[]> =>
      db
        .selectFrom('files')
        .innerJoin('uploads', 'uploads.id', 'files.uploadId')
        .selectAll('files')
        .where('files.blobKey', 'is not', null)
        .where((eb) => eb.or([eb('files.status', '=', 'removed'), eb('uploads.expiresAt', '<=', now)]))
        .where('files.id', '>', afterId)
        .where('files.id', 'not in', onTheirWay(db))
        .orderBy('files.id')
        .limit(limit)
        .execute(),

    /** Every blob of each file: its own, and those of the images derived from it. */
    async listBlobs(files: readonly StoredFile[]): Promise<Map<StoredFile, string[]>> {
      const blobs = new Map(files.map((file) => [file.id, file.blobKey === null ? [] : [file.blobKey]]))
      for (const ids of chunks([...blobs.keys()])) {
        const rows = await db.selectFrom('variants').select(['fileId', 'blobKey']).where('fileId', 'in', ids).execute()
        for (const row of rows) blobs.get(row.fileId)?.push(row.blobKey)
      }
      return new Map(files.map((file) => [file, blobs.get(file.id) ?? []]))
    },

    /** `removed → deleted`: call once the bytes are gone, those of derived images too. */
    markDeleted: (fileIds: readonly string[]): Promise<void> =>
      transact(async (trx) => {
        for (const ids of chunks(fileIds)) {
          await trx
            .updateTable('files')
            .set({ status: 'deleted', blobKey: null, leaseUntil: null })
            .where('id', 'in', ids)
            .where('status', '=', 'removed')
            .execute()
          await trx.deleteFrom('variants').where('fileId', 'in', ids).execute()
        }
      }),

    /** Deletes the rows of at most `limit` uploads that are over and hold no bytes: removed ones, and those expired before `expiredBefore`. */
    deleteUploads: (expiredBefore: number, limit: number): Promise<number> =>
      transact(async (trx) => {
        const over = await trx
          .selectFrom('uploads')
          .select('id')
          .where((eb) =>
            eb.or([
              eb('status', '=', 'removed'),
              eb.and([eb('status', '=', 'expired'), eb('expiresAt', '<', expiredBefore)]),
            ]),
          )
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('files')
                  .select('files.id')
                  .whereRef('files.uploadId', '=', 'uploads.id')
                  .where('files.status', '<>', 'deleted'),
              ),
            ),
          )
          .limit(limit)
          .execute()
        const ids = idsOf(over)
        if (ids.length === 0) return 0
        await trx.deleteFrom('files').where('uploadId', 'in', ids).execute()
        await trx.deleteFrom('uploads').where('id', 'in', ids).execute()
        return ids.length
      }),
  }
}

/** The TTL of an upload starts with its first complete file; until then it is kept while a file is being received. */
const isNotSpared = (eb: ExpressionBuilder<Schema, 'uploads'>) =>
  eb.or([eb('startedAt', 'is not', null), eb.not(hasFileThatIs(['uploading'], eb))])

/** Files whose last copy was counted before its last bytes were sent (`downloads/claims.ts`). */
const onTheirWay = (db: Kysely<Schema>) =>
  db.selectFrom('claims').select('fileId').where('spent', '=', true).where(sql<boolean>`busy_until > 0`)

const idsOf = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id)
