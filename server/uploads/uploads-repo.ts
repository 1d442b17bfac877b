import type { Insertable, Kysely, Selectable, Transaction, Updateable } from 'kysely'
import { prepared } from '../database/prepared.ts'
import type { FileStatus, FilesTable, Flag, Schema, UploadStatus, UploadsTable } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'
import type { ImageReport } from '../images/pipeline/picture.ts'
import type { Measured, StoredFile, Upload } from './upload.ts'

export type UploadsRepo = ReturnType<typeof createUploadsRepo>

/** Every query on uploads and files. A status moves by compare-and-set only; what loses says so by `false`. */
export function createUploadsRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  const uploadById = prepared(db, db.selectFrom('uploads').selectAll().where('id', '=', ''))
  const fileById = prepared(db, db.selectFrom('files').selectAll().where('id', '=', ''))

  return {
    async findUpload(id: string): Promise<Upload | undefined> {
      if (!ID.test(id)) return undefined
      const [row] = await uploadById(id)
      return row && toUpload(row)
    },

    async findFile(id: string): Promise<StoredFile | undefined> {
      if (!ID.test(id)) return undefined
      const [row] = await fileById(id)
      return row && toFile(row)
    },

    async listFiles(uploadId: string): Promise<StoredFile[]> {
      const rows = await db
        .selectFrom('files')
        .selectAll()
        .where('upload_id', '=', uploadId)
        .orderBy('position')
        .execute()
      return rows.map(toFile)
    },

    /** Inserts an upload and its first files in one transaction; positions follow the order given. */
    insertUpload: (upload: Upload, files: readonly StoredFile[], leaseUntil: number | null = null): Promise<void> =>
      transact(async (trx) => {
        await trx
          .insertInto('uploads')
          .values({ ...toUploadRow(upload), file_count: files.length })
          .execute()
        for (const rows of chunks(files, ROWS_PER_INSERT)) {
          await trx
            .insertInto('files')
            .values(rows.map((file) => toFileRow(file, leaseUntil)))
            .execute()
        }
      }),

    /**
     * Adds a file to an upload that holds fewer than `maxFiles`, counting removed ones; returns its position.
     * Undefined: the upload is full or gone. The counter decides, so that parallel requests can't pass the limit together.
     */
    addFile: (file: Omit<StoredFile, 'position'>, maxFiles: number, leaseUntil: number): Promise<number | undefined> =>
      transact(async (trx) => {
        const counted = await trx
          .updateTable('uploads')
          .set((eb) => ({ file_count: eb('file_count', '+', 1) }))
          .where('id', '=', file.uploadId)
          .where('status', 'in', ['active', 'pending'])
          .where('file_count', '<', Math.min(maxFiles, Number.MAX_SAFE_INTEGER))
          .returning('file_count')
          .executeTakeFirst()
        if (!counted) return undefined
        const position = counted.file_count
        await trx
          .insertInto('files')
          .values(toFileRow({ ...file, position }, leaseUntil))
          .execute()
        return position
      }),

    /** False: somebody else moved the file first. */
    moveFile: (id: string, from: FileStatus, to: FileStatus, changes: Updateable<FilesTable> = {}): Promise<boolean> =>
      transact((trx) => moveFile(trx, id, from, to, changes)),

    /** `uploading → uploaded` with what was measured, unless the upload itself went away meanwhile. */
    finishFile: (file: StoredFile, measured: Measured, now: number): Promise<boolean> =>
      transact((trx) =>
        moveFile(trx, file.id, 'uploading', 'uploaded', {
          ...measuredColumns(measured),
          uploaded_at: now,
          lease_until: null,
        }),
      ),

    renewLeases: (fileIds: readonly string[], leaseUntil: number): Promise<void> =>
      transact(async (trx) => {
        for (const ids of chunks(fileIds, ROWS_PER_QUERY)) {
          await trx
            .updateTable('files')
            .set({ lease_until: leaseUntil })
            .where('id', 'in', ids)
            .where('status', '=', 'uploading')
            .execute()
        }
      }),

    /** The options of a quick upload are known for good only once its whole form was read. */
    activate: (upload: Upload): Promise<boolean> =>
      transact(async (trx) => {
        const { id, ...row } = toUploadRow(upload)
        const { numUpdatedRows } = await trx
          .updateTable('uploads')
          .set({ ...row, status: 'active' })
          .where('id', '=', id)
          .where('status', '=', 'pending')
          .executeTakeFirst()
        return numUpdatedRows === 1n
      }),

    extendExpiry: (id: string, expiresAt: number): Promise<void> =>
      transact(async (trx) => {
        await trx
          .updateTable('uploads')
          .set({ expires_at: expiresAt })
          .where('id', '=', id)
          .where('status', '=', 'active')
          .execute()
      }),

    /** Takes one file away. False: it held no bytes. */
    removeFile: (id: string): Promise<boolean> =>
      transact(async (trx) => {
        if (await moveFile(trx, id, 'missing', 'deleted', {})) return false
        // A download that is about to complete the last copy must not bring the file back when it fails.
        await trx
          .updateTable('claims')
          .set({ busy_until: 0 })
          .where('file_id', '=', id)
          .where('spent', '=', 1)
          .execute()
        return (await moveFile(trx, id, 'uploaded', 'removed', {})) || moveFile(trx, id, 'uploading', 'removed', {})
      }),

    /** Takes an upload away with all its files. False: it was gone already. */
    removeUpload: (id: string): Promise<boolean> =>
      transact(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('uploads')
          .set({ status: 'removed' })
          .where('id', '=', id)
          .where('status', 'in', ['active', 'pending'])
          .executeTakeFirst()
        await dropFiles(trx, [id])
        return numUpdatedRows === 1n
      }),

    /** Marks at most `limit` uploads whose time is up, files included; returns how many. */
    expireUploads: (now: number, limit: number): Promise<number> =>
      transact(async (trx) => {
        const due = trx
          .selectFrom('uploads')
          .select('id')
          .where('status', '=', 'active')
          .where('expires_at', '<=', now)
          .orderBy('expires_at')
          .limit(limit)
        const expired = await trx
          .updateTable('uploads')
          .set({ status: 'expired' })
          .where('id', 'in', due)
          .where('expires_at', '<=', now) // on PostgreSQL somebody may extend it between the two
          .returning('id')
          .execute()
        if (expired.length > 0) await dropFiles(trx, idsOf(expired))
        return expired.length
      }),

    /** Files whose writer is gone: their slots are burnt. */
    abandonFiles: (now: number, limit: number): Promise<number> =>
      transact(async (trx) => {
        const dead = trx
          .selectFrom('files')
          .select('id')
          .where('status', '=', 'uploading')
          .where('lease_until', '<', now)
          .limit(limit)
        const { numUpdatedRows } = await trx
          .updateTable('files')
          .set({ status: 'deleted', lease_until: null })
          .where('id', 'in', dead)
          .where('status', '=', 'uploading')
          .where('lease_until', '<', now)
          .executeTakeFirst()
        return Number(numUpdatedRows)
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
      for (const ids of chunks([...blobs.keys()], ROWS_PER_QUERY)) {
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
        for (const ids of chunks(fileIds, ROWS_PER_QUERY)) {
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

    /** Those of `keys` that some file or derived picture still needs. */
    async knownBlobs(keys: readonly string[]): Promise<Set<string>> {
      if (keys.length === 0) return new Set()
      const files = await db.selectFrom('files').select('blob_key').where('blob_key', 'in', keys).execute()
      const variants = await db.selectFrom('variants').select('blob_key').where('blob_key', 'in', keys).execute()
      return new Set([...files, ...variants].map(({ blob_key }) => blob_key as string))
    },
  }
}

/** What `ids.ts` makes. Anything else in a URL is not asked for: PostgreSQL fails on a NUL. */
const ID = /^[A-Za-z0-9]{16}$/

/** SQLite binds at most 32766 variables, PostgreSQL 65535; a file row has 18. */
const ROWS_PER_INSERT = 500
const ROWS_PER_QUERY = 500

async function moveFile(
  trx: Transaction<Schema>,
  id: string,
  from: FileStatus,
  to: FileStatus,
  changes: Updateable<FilesTable>,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('files')
    .set({ ...changes, status: to })
    .where('id', '=', id)
    .where('status', '=', from)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Files whose last copy was counted before its last bytes were sent (`downloads/claims.ts`). */
const onTheirWay = (db: Kysely<Schema>, now: number) =>
  db.selectFrom('claims').select('file_id').where('spent', '=', 1).where('busy_until', '>', now)

/** Slots that hold nothing are deleted at once, bytes wait for the purge. */
async function dropFiles(trx: Transaction<Schema>, uploadIds: readonly string[]): Promise<void> {
  await trx
    .updateTable('files')
    .set({ status: 'deleted' })
    .where('upload_id', 'in', uploadIds)
    .where('status', '=', 'missing')
    .execute()
  await trx
    .updateTable('files')
    .set({ status: 'removed' })
    .where('upload_id', 'in', uploadIds)
    .where('status', 'in', ['uploading', 'uploaded'])
    .execute()
}

function toUpload(row: Selectable<UploadsTable>): Upload {
  return {
    id: row.id,
    status: row.status,
    tokenHash: row.token_hash,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ttlSeconds: row.ttl_seconds,
    extendTtl: row.extend_ttl === 1,
    oneShot: row.one_shot === 1,
    removable: row.removable === 1,
    stream: row.stream === 1,
    normalize: row.normalize === 1,
    downloadLimit: row.download_limit,
    comments: row.comments,
    login: row.login,
    passwordHash: row.password_hash,
    sourceAddress: row.source_address,
  }
}

function toUploadRow(upload: Upload): Insertable<UploadsTable> & { id: string; status: UploadStatus } {
  return {
    id: upload.id,
    status: upload.status,
    token_hash: upload.tokenHash,
    created_at: upload.createdAt,
    expires_at: upload.expiresAt,
    ttl_seconds: upload.ttlSeconds,
    extend_ttl: flag(upload.extendTtl),
    one_shot: flag(upload.oneShot),
    removable: flag(upload.removable),
    stream: flag(upload.stream),
    normalize: flag(upload.normalize),
    download_limit: upload.downloadLimit,
    comments: upload.comments,
    login: upload.login,
    password_hash: upload.passwordHash,
    source_address: upload.sourceAddress,
  }
}

function toFile(row: Selectable<FilesTable>): StoredFile {
  return {
    id: row.id,
    uploadId: row.upload_id,
    position: row.position,
    status: row.status,
    name: row.name,
    reference: row.reference,
    createdAt: row.created_at,
    type: row.type,
    size: row.size,
    md5: row.md5,
    sha256: row.sha256,
    crc32: row.crc32,
    blobKey: row.blob_key,
    uploadedAt: row.uploaded_at,
    claimsTaken: row.claims_taken,
    claimsSpent: row.claims_spent,
    image: row.image === null ? null : JSON.parse(row.image),
  }
}

function toFileRow(file: StoredFile, leaseUntil: number | null): Insertable<FilesTable> {
  return {
    id: file.id,
    upload_id: file.uploadId,
    position: file.position,
    status: file.status,
    name: file.name,
    reference: file.reference,
    created_at: file.createdAt,
    type: file.type,
    size: file.size,
    md5: file.md5,
    sha256: file.sha256,
    crc32: file.crc32,
    blob_key: file.blobKey,
    uploaded_at: file.uploadedAt,
    lease_until: file.status === 'uploading' ? leaseUntil : null,
    claims_taken: file.claimsTaken,
    claims_spent: file.claimsSpent,
    image: imageText(file.image),
  }
}

const measuredColumns = ({ blobKey, image, ...measured }: Measured) => ({
  ...measured,
  blob_key: blobKey,
  image: imageText(image),
})

const imageText = (image: ImageReport | null): string | null => (image === null ? null : JSON.stringify(image))

const idsOf = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id)

const flag = (value: boolean): Flag => (value ? 1 : 0)

function* chunks<T>(values: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < values.length; start += size) yield values.slice(start, start + size)
}
