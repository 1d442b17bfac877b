import type { Kysely } from 'kysely'
import { chunks } from '../database/chunks.ts'
import type { Schema } from '../database/schema.ts'
import type { Transact, Trx } from '../database/transact.ts'
import type { StoredFile } from './upload.ts'
import { toFile } from './upload-rows.ts'
import { dropFiles, dropGuestFile } from './uploads-repo.ts'

export type UploadsExpiryRepo = ReturnType<typeof createUploadsExpiryRepo>

/** What the end of uploads and files asks of the database; all of it may run twice, and on several replicas. */
export function createUploadsExpiryRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  return {
    /** Marks about `limit` uploads whose time is up, files included; returns how many. In order of the index, so that pages are written once. */
    expireUploads: (now: number, limit: number): Promise<number> =>
      transact(async (trx) => {
        const last = await trx
          .selectFrom('uploads')
          .select(['expires_at', 'id'])
          .where('status', '=', 'active')
          .where('expires_at', '<=', now)
          .orderBy('expires_at')
          .orderBy('id')
          .offset(limit - 1)
          .limit(1)
          .executeTakeFirst()
        const expired = await trx
          .updateTable('uploads')
          .set({ status: 'expired' })
          .where('status', '=', 'active')
          .where(({ eb, refTuple, tuple }) =>
            last
              ? eb(refTuple('expires_at', 'id'), '<=', tuple(last.expires_at, last.id))
              : eb('expires_at', '<=', now),
          )
          .returning('id')
          .execute()
        if (expired.length > 0) await dropFiles(trx, idsOf(expired))
        return expired.length
      }),

    /** Files whose writer is gone: their slots are burnt, those of guests given back. */
    abandonFiles: (now: number, limit: number): Promise<number> =>
      transact(async (trx) => {
        const dead = await trx
          .selectFrom('files')
          .select(['id', 'upload_id', 'request_id'])
          .where('status', '=', 'uploading')
          .where('lease_until', '<', now)
          .orderBy('upload_id') // always in the same order: no deadlocks
          .limit(limit)
          .execute()
        let dropped = 0
        for (const { id, upload_id } of dead.filter(({ request_id }) => request_id !== null))
          if (await dropGuestFile(trx, id, upload_id, now)) dropped += 1
        return dropped + (await burnSlots(trx, idsOf(dead.filter(({ request_id }) => request_id === null)), now))
      }),

    /** Pending quick uploads that nobody is writing to any more, and that nobody has written to since `before`. */
    abandonUploads: (before: number, limit: number): Promise<number> =>
      transact(async (trx) => {
        const dead = await trx
          .selectFrom('uploads')
          .select('id')
          .where('status', '=', 'pending')
          .where('created_at', '<', before)
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('files')
                  .select('files.id')
                  .whereRef('files.upload_id', '=', 'uploads.id')
                  .where((eb) => eb.or([eb('files.status', '=', 'uploading'), eb('files.uploaded_at', '>=', before)])),
              ),
            ),
          )
          .limit(limit)
          .execute()
        const ids = idsOf(dead)
        if (ids.length === 0) return 0
        await trx.updateTable('uploads').set({ status: 'removed' }).where('id', 'in', ids).execute()
        await dropFiles(trx, ids)
        return ids.length
      }),

    /** Without those of which a last copy is still on its way. */
    async listRemovedFiles(now: number, limit: number): Promise<StoredFile[]> {
      const rows = await db
        .selectFrom('files')
        .selectAll()
        .where('status', '=', 'removed')
        .where('id', 'not in', onTheirWay(db, now))
        .limit(limit)
        .execute()
      return rows.map(toFile)
    },

    /** Files with bytes that nobody can reach any more, whether or not this was noted; in order of id, those after `afterId`. */
    async listDueFiles(now: number, afterId: string, limit: number): Promise<StoredFile[]> {
      const rows = await db
        .selectFrom('files')
        .innerJoin('uploads', 'uploads.id', 'files.upload_id')
        .selectAll('files')
        .where('files.blob_key', 'is not', null)
        .where((eb) => eb.or([eb('files.status', '=', 'removed'), eb('uploads.expires_at', '<=', now)]))
        .where('files.id', '>', afterId)
        .where('files.id', 'not in', onTheirWay(db, now))
        .orderBy('files.id')
        .limit(limit)
        .execute()
      return rows.map(toFile)
    },

    /** Every blob of each file: its own, and those of the pictures derived from it. */
    async listBlobs(files: readonly StoredFile[]): Promise<Map<StoredFile, string[]>> {
      const blobs = new Map(files.map((file) => [file.id, file.blobKey === null ? [] : [file.blobKey]]))
      for (const ids of chunks([...blobs.keys()])) {
        const rows = await db
          .selectFrom('variants')
          .select(['file_id', 'blob_key'])
          .where('file_id', 'in', ids)
          .execute()
        for (const row of rows) blobs.get(row.file_id)?.push(row.blob_key)
      }
      return new Map(files.map((file) => [file, blobs.get(file.id) ?? []]))
    },

    /** `removed → deleted`: call once the bytes are gone, those of derived pictures too. */
    markDeleted: (fileIds: readonly string[]): Promise<void> =>
      transact(async (trx) => {
        for (const ids of chunks(fileIds)) {
          await trx
            .updateTable('files')
            .set({ status: 'deleted', blob_key: null, lease_until: null })
            .where('id', 'in', ids)
            .where('status', '=', 'removed')
            .execute()
          await trx.deleteFrom('variants').where('file_id', 'in', ids).execute()
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
              eb.and([eb('status', '=', 'expired'), eb('expires_at', '<', expiredBefore)]),
            ]),
          )
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('files')
                  .select('files.id')
                  .whereRef('files.upload_id', '=', 'uploads.id')
                  .where('files.status', '<>', 'deleted'),
              ),
            ),
          )
          .limit(limit)
          .execute()
        const ids = idsOf(over)
        if (ids.length === 0) return 0
        await trx.deleteFrom('files').where('upload_id', 'in', ids).execute()
        await trx.deleteFrom('uploads').where('id', 'in', ids).execute()
        return ids.length
      }),
  }
}

async function burnSlots(trx: Trx, ids: readonly string[], now: number): Promise<number> {
  if (ids.length === 0) return 0
  const { numUpdatedRows } = await trx
    .updateTable('files')
    .set({ status: 'deleted', lease_until: null })
    .where('id', 'in', ids)
    .where('status', '=', 'uploading')
    .where('lease_until', '<', now)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

/** By so much the clocks of replicas may differ: none may bring back a file whose bytes another one takes for free. */
const CLOCK_DIFFERENCE_MS = 10_000

/** Files whose last copy was counted before its last bytes were sent (`downloads/claims.ts`). */
const onTheirWay = (db: Kysely<Schema>, now: number) =>
  db
    .selectFrom('claims')
    .select('file_id')
    .where('spent', '=', 1)
    .where('busy_until', '>', now - CLOCK_DIFFERENCE_MS)

const idsOf = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id)
