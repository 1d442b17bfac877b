import { type ExpressionBuilder, type Kysely, sql, type Transaction, type Updateable } from 'kysely'
import { chunks } from '../database/chunks.ts'
import type { Database } from '../database/open-database.ts'
import { prepareInsert } from '../database/prepared.ts'
import type { FileStatus, FilesTable, Schema } from '../database/schema.ts'
import type { Trx } from '../database/transact.ts'
import { isId } from '../lib/ids.ts'
import type { GuestQuota, SpareUploads } from './intake/guest-quota.ts'
import type { Measured, StoredFile, Upload } from './upload.ts'

/** The user whose files are counted together, and the limit; `Infinity`: they are not counted. */
export interface Quota {
  userId: string | null
  maxUserSizeBytes: number
}

/** The client that declares files before sending them, and how many of these may be missing at a time. */
export interface Declarer {
  /** A user's id, or the address of an anonymous sender. */
  id: string
  maxMissing: number
}

/** How a file that came in over several requests ends. */
export interface Completion {
  /** Ids of unfinished uploads whose reserved bytes the file takes over. */
  replaces?: readonly string[]
  /** What else has to be so for a file to become `uploaded`; throws when it is not. */
  settle?: (trx: Trx) => Promise<void>
}

/** The owner of uploads; if empty, uploads of all owners. */
export interface OwnerFilter {
  userId?: string | undefined
  tokenId?: string | undefined
}

export type UploadsRepo = ReturnType<typeof createUploadsRepo>

/**
 * Every query on uploads and files. A status changes by compare-and-set only; functions return false if another request
 * changed it first.
 */
export function createUploadsRepo({ db, prepare, transact }: Pick<Database, 'db' | 'prepare' | 'transact'>) {
  const uploadById = prepare(db.selectFrom('uploads').selectAll().where('id', '=', ''))
  const insertUploadRow = prepareInsert(db, 'uploads')
  const insertFileRow = prepareInsert(db, 'files')
  const fileById = prepare(db.selectFrom('files').selectAll().where('id', '=', ''))

  return {
    async findUpload(id: string): Promise<Upload | undefined> {
      if (!isId(id)) return undefined
      return (await uploadById(id))[0]
    },

    async findFile(id: string): Promise<StoredFile | undefined> {
      if (!isId(id)) return undefined
      return (await fileById(id))[0]
    },

    listFiles: prepare(db.selectFrom('files').selectAll().where('uploadId', '=', '').orderBy('position')),

    /**
     * Inserts an upload and its first files in one transaction; positions follow the order given. Files that are only
     * declared must fit into the quota too, and into what `declarer` may leave missing; PostgreSQL may let uploads of the
     * same moment exceed the latter together.
     */
    insertUpload: (
      upload: Upload,
      files: readonly StoredFile[],
      quota: Quota,
      declarer: Declarer,
    ): Promise<'inserted' | 'over_quota' | 'no_user' | 'too_many_missing'> =>
      transact(async (trx) => {
        if (quota.userId !== null && !(await lockUser(trx, quota.userId))) return 'no_user'
        if (!(await fits(trx, quota, totalSize(files), upload.createdAt))) return 'over_quota'
        if (!(await mayDeclare(trx, declarer, files.filter(isMissing).length))) return 'too_many_missing'
        await insertUploadRow(trx, { ...upload, fileCount: files.length })
        const rows = files.map((file) => ({ ...file, declaredBy: isMissing(file) ? declarer.id : null }))
        const [only] = rows
        if (only && rows.length === 1) await insertFileRow(trx, only)
        else for (const some of chunks(rows)) await trx.insertInto('files').values(some).execute()
        return 'inserted'
      }),

    /** Of all files that a user keeps here, and what unfinished uploads have reserved, those named by `except` left out. */
    usedBytes: (userId: string, now: number, except?: readonly string[]): Promise<number> =>
      usedBytes(db, userId, now, except),

    /** Whether `bytes` more fit into the quota. It stays so until the transaction ends: nobody else can add to it. */
    fits: async (trx: Trx, quota: Quota, added: number, now: number, except: readonly string[]): Promise<boolean> => {
      if (isCounted(quota)) await lockUser(trx, quota.userId)
      return fits(trx, quota, added, now, except)
    },

    /**
     * Adds a file to an upload that holds fewer than `maxFiles`, counting removed ones; returns its position.
     * Undefined: the upload is full or gone. The counter decides, so that parallel requests can't pass the limit together;
     * it also keeps others out while `guestQuota` decides on a guest's file. Throws what that throws.
     */
    addFile: (
      file: Omit<StoredFile, 'position'>,
      maxFiles: number,
      leaseUntil: number,
      guestQuota?: GuestQuota,
    ): Promise<{ position: number; grantedBytes: number } | undefined> =>
      transact(async (trx) => {
        const counted = await trx
          .updateTable('uploads')
          .set((eb) => ({ fileCount: eb('fileCount', '+', 1) }))
          .where('id', '=', file.uploadId)
          .where('status', '=', 'active')
          .where((eb) =>
            eb(eb('fileCount', '-', eb.ref('returnedSlots')), '<', Math.min(maxFiles, Number.MAX_SAFE_INTEGER)),
          )
          .returning('fileCount')
          .executeTakeFirst()
        if (!counted) return undefined
        await spareUploads(trx, [file.uploadId], leaseUntil)
        const position = counted.fileCount
        const grantedBytes = guestQuota ? await guestQuota.grant(trx) : Number.POSITIVE_INFINITY
        await trx
          .insertInto('files')
          .values({
            ...file,
            position,
            leaseUntil: file.status === 'uploading' ? leaseUntil : null,
            requestBytes: Number.isFinite(grantedBytes) ? grantedBytes : 0,
          })
          .execute()
        return { position, grantedBytes }
      }),

    /** Releases the slot of a file that was not received, see `giveBackFile` below. Returns false if it was not `uploading`. */
    giveBackFile: (id: string): Promise<boolean> => transact((trx) => giveBackFile(trx, id)),

    /** `missing → uploading`. Returns false if another request changed the status first. */
    claimSlot: (
      { id, uploadId }: Pick<StoredFile, 'id' | 'uploadId'>,
      changes: { heldBy: string | null; leaseUntil: number },
    ): Promise<boolean> =>
      transact(async (trx) => {
        await spareUploads(trx, [uploadId], changes.leaseUntil)
        return moveFile(trx, id, 'missing', 'uploading', changes)
      }),

    spareUploads,

    /** Returns false if another request changed the status first. */
    moveFile: (id: string, from: FileStatus, to: FileStatus, changes: Updateable<FilesTable> = {}): Promise<boolean> =>
      transact((trx) => moveFile(trx, id, from, to, changes)),

    /**
     * `uploading → uploaded` with what was measured, unless the upload itself went away or expired meanwhile. What the unfinished
     * uploads `replaces` have reserved does not count on top of it. Throws what `settle` throws.
     */
    finishFile: (
      file: StoredFile,
      measured: Measured,
      now: number,
      quota: Quota,
      { replaces = [], settle }: Completion = {},
    ): Promise<'finished' | 'over_quota' | 'gone'> =>
      transact(async (trx) => {
        if (isCounted(quota)) await lockUser(trx, quota.userId)
        if (!(await fits(trx, quota, measured.size, now, replaces))) return 'over_quota'
        const changes = {
          ...measured,
          ...(file.requestId === null ? {} : { requestBytes: sentBytes(measured) }),
          uploadedAt: now,
          leaseUntil: null,
        }
        if (!(await startTime(trx, file.uploadId, now))) return 'gone'
        if (!(await moveFile(trx, file.id, 'uploading', 'uploaded', changes))) return 'gone'
        await settle?.(trx)
        return 'finished'
      }),

    /** Returns those that are still `uploading`. */
    renewLeases: (fileIds: readonly string[], leaseUntil: number): Promise<string[]> =>
      transact(async (trx) => {
        const renewed: string[] = []
        for (const ids of chunks(fileIds)) {
          await spareUploads(trx, await uploadsOf(trx, ids), leaseUntil)
          const rows = await trx
            .updateTable('files')
            .set({ leaseUntil })
            .where('id', 'in', ids)
            .where('status', '=', 'uploading')
            .returning('id')
            .execute()
          renewed.push(...rows.map(({ id }) => id))
        }
        return renewed
      }),

    /** Returns false if it has expired or was removed meanwhile. */
    renew: (id: string, ttlSeconds: number, expiresAt: number | null): Promise<boolean> =>
      transact(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('uploads')
          .set({ ttlSeconds, expiresAt })
          .where('id', '=', id)
          .where('status', '=', 'active')
          .executeTakeFirst()
        return numUpdatedRows === 1n
      }),

    extendExpiry: (id: string, expiresAt: number): Promise<void> =>
      transact(async (trx) => {
        await trx
          .updateTable('uploads')
          .set({ expiresAt })
          .where('id', '=', id)
          .where('status', '=', 'active')
          .execute()
      }),

    /** Removes one file. Returns false if it had no bytes. */
    removeFile: (id: string): Promise<boolean> =>
      transact(async (trx) => {
        if (await moveFile(trx, id, 'missing', 'deleted', {})) return false
        // A download that is about to complete the last copy must not bring the file back when it fails.
        await trx
          .updateTable('claims')
          .set({ busyUntil: 0 })
          .where('fileId', '=', id)
          .where('spent', '=', true)
          .execute()
        return (await moveFile(trx, id, 'uploaded', 'removed', {})) || moveFile(trx, id, 'uploading', 'removed', {})
      }),

    /** Removes an upload with all its files. Returns false if it was already removed. */
    removeUpload: (id: string): Promise<boolean> =>
      transact(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('uploads')
          .set({ status: 'removed' })
          .where('id', '=', id)
          .where('status', '=', 'active')
          .executeTakeFirst()
        await dropFiles(trx, [id])
        return numUpdatedRows === 1n
      }),

    /** Removes an upload that contains no file and waits for none. Returns false if it does, or was already removed. */
    removeEmptyUpload: (id: string): Promise<boolean> =>
      transact(async (trx) => {
        await giveBackSlots(trx, id, 0) // locks the upload, so that nobody adds a file that the next statement does not see
        const { numUpdatedRows } = await trx
          .updateTable('uploads')
          .set({ status: 'removed' })
          .where('id', '=', id)
          .where('status', '=', 'active')
          .where((eb) => eb.not(hasFileThatIs(['missing', 'uploading', 'uploaded'], eb)))
          .executeTakeFirst()
        return numUpdatedRows === 1n
      }),

    /** Removes at most `limit` uploads, of all owners if none is given; returns how many. */
    removeUploads: ({ userId, tokenId }: OwnerFilter, limit: number): Promise<number> =>
      transact(async (trx) => {
        let query = trx.selectFrom('uploads').select('id').where('status', '=', 'active')
        if (userId !== undefined) query = query.where('userId', '=', userId)
        if (tokenId !== undefined) query = query.where('tokenId', '=', tokenId)
        const removed = await trx
          .updateTable('uploads')
          .set({ status: 'removed' })
          .where('id', 'in', query.limit(limit))
          .where('status', '=', 'active')
          .returning('id')
          .execute()
        if (removed.length > 0)
          await dropFiles(
            trx,
            removed.map(({ id }) => id),
          )
        return removed.length
      }),

    /** Those of `keys` that some file, derived image or unfinished upload still needs. */
    async knownBlobs(keys: readonly string[]): Promise<Set<string>> {
      if (keys.length === 0) return new Set()
      // In this order, since what is unfinished may become a file meanwhile.
      const unfinished = await db.selectFrom('resumables').select('blobKey').where('blobKey', 'in', keys).execute()
      const files = await db.selectFrom('files').select('blobKey').where('blobKey', 'in', keys).execute()
      const variants = await db.selectFrom('variants').select('blobKey').where('blobKey', 'in', keys).execute()
      return new Set([...unfinished, ...files, ...variants].map(({ blobKey }) => blobKey as string))
    },
  }
}

/**
 * Prevents other transactions from changing the user's quota until this one ends. An update that changes nothing is a
 * lock on both databases. Returns false if the user does not exist.
 */
async function lockUser(trx: Transaction<Schema>, userId: string): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('users')
    .set(({ ref }) => ({ isAdmin: ref('isAdmin') }))
    .where('id', '=', userId)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/**
 * The first complete file starts the TTL of its upload. Returns false if the upload has expired or was removed. Locks the
 * upload before its file, like all transactions that lock both.
 */
async function startTime(trx: Transaction<Schema>, uploadId: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('uploads')
    .set(({ eb, fn, ref, val }) => ({
      startedAt: fn.coalesce('startedAt', val(now)),
      expiresAt: eb
        .case()
        .when(eb.and([eb('startedAt', 'is', null), eb('ttlSeconds', '>', 0)]))
        .then(sql<number>`cast(${now} as bigint) + ttl_seconds * 1000`)
        .else(ref('expiresAt'))
        .end(),
    }))
    .where('id', '=', uploadId)
    .where('status', '=', 'active')
    .where((eb) => eb.or([eb('startedAt', 'is', null), eb('expiresAt', 'is', null), eb('expiresAt', '>', now)]))
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Whether an upload has a file in one of these states. */
export const hasFileThatIs = (
  statuses: readonly FileStatus[],
  { exists, selectFrom }: ExpressionBuilder<Schema, 'uploads'>,
) =>
  exists(
    selectFrom('files')
      .select('files.id')
      .whereRef('files.uploadId', '=', 'uploads.id')
      .where('files.status', 'in', statuses),
  )

async function uploadsOf(trx: Transaction<Schema>, fileIds: readonly string[]): Promise<string[]> {
  const rows = await trx.selectFrom('files').select('uploadId').distinct().where('id', 'in', fileIds).execute()
  return rows.map(({ uploadId }) => uploadId)
}

const spareUploads: SpareUploads = async (trx, ids, until) => {
  if (ids.length === 0) return // PostgreSQL takes no empty list
  await trx
    .updateTable('uploads')
    .set({ expiresAt: until })
    .where('id', 'in', ids)
    .where('startedAt', 'is', null)
    .where('status', '=', 'active')
    .where('expiresAt', '<', until)
    .execute()
}

const isCounted = (quota: Quota): quota is Quota & { userId: string } =>
  quota.userId !== null && Number.isFinite(quota.maxUserSizeBytes)

async function fits(
  trx: Transaction<Schema>,
  quota: Quota,
  added: number,
  now: number,
  except?: readonly string[],
): Promise<boolean> {
  if (!isCounted(quota)) return true
  return (await usedBytes(trx, quota.userId, now, except)) + added <= quota.maxUserSizeBytes
}

async function usedBytes(db: Kysely<Schema>, userId: string, now: number, except?: readonly string[]): Promise<number> {
  return (await storedBytes(db, userId, now)) + (await reservedBytes(db, userId, now, except))
}

/** By unfinished uploads, and by parts that were not joined yet. */
async function reservedBytes(
  db: Kysely<Schema>,
  userId: string,
  now: number,
  except: readonly string[] = [],
): Promise<number> {
  const { reserved } = await db
    .selectFrom('resumables')
    .leftJoin('files', 'files.id', 'resumables.fileId')
    .select(({ fn }) => fn.sum('resumables.reserved').as('reserved'))
    .where('resumables.userId', '=', userId)
    .where('resumables.expiresAt', '>', now)
    .where((eb) => eb.or([eb('resumables.fileId', 'is', null), eb('files.status', '=', 'uploading')]))
    .$if(except.length > 0, (query) => query.where('resumables.id', 'not in', except))
    .executeTakeFirstOrThrow()
  return Number(reserved ?? 0)
}

async function storedBytes(db: Kysely<Schema>, userId: string, now: number): Promise<number> {
  const { used } = await db
    .selectFrom('uploads')
    .innerJoin('files', 'files.uploadId', 'uploads.id')
    .select(({ fn }) => fn.sum('files.size').as('used'))
    .where('uploads.userId', '=', userId)
    .where('uploads.status', '=', 'active')
    .where((eb) => eb.or([eb('uploads.expiresAt', 'is', null), eb('uploads.expiresAt', '>', now)]))
    .where('files.status', '=', 'uploaded')
    .executeTakeFirstOrThrow()
  return Number(used ?? 0)
}

const isMissing = ({ status }: StoredFile): boolean => status === 'missing'

/** The status is written out, so that SQLite knows that the partial index has all rows. */
async function mayDeclare(trx: Transaction<Schema>, { id, maxMissing }: Declarer, added: number): Promise<boolean> {
  if (added === 0) return true
  const { missing } = await trx
    .selectFrom('files')
    .select(({ fn }) => fn.countAll<number>().as('missing'))
    .where('declaredBy', '=', id)
    .where('status', '=', sql.lit('missing'))
    .executeTakeFirstOrThrow()
  return Number(missing) + added <= maxMissing
}

/** As many as its sender sent. */
const sentBytes = ({ image, size }: Measured): number => (image && 'originalSize' in image ? image.originalSize : size)

const totalSize = (files: readonly StoredFile[]): number => files.reduce((sum, { size }) => sum + size, 0)

/**
 * Releases the slot of a file that was not received. A declared file is `missing` again; any other row is deleted and no
 * longer counts in the upload, since no client knows its id. A part of a stream may have reached a reader, so it becomes
 * `deleted`. With `leaseUntil` only if its lease has not changed. Returns false if it was no longer `uploading`.
 */
export async function giveBackFile(trx: Trx, id: string, leaseUntil?: number): Promise<boolean> {
  const file = await trx
    .selectFrom('files')
    .innerJoin('uploads', 'uploads.id', 'files.uploadId')
    .select(['files.uploadId', 'files.declaredBy', 'uploads.stream'])
    .where('files.id', '=', id)
    .executeTakeFirst()
  if (!file) return false
  if (!file.stream && file.declaredBy === null) return dropFile(trx, id, file.uploadId, leaseUntil)
  let moving = trx
    .updateTable('files')
    .set({ status: file.stream ? 'deleted' : 'missing', leaseUntil: null })
    .where('id', '=', id)
    .where('status', '=', 'uploading')
  if (leaseUntil !== undefined) moving = moving.where('leaseUntil', '=', leaseUntil)
  const { numUpdatedRows } = await moving.executeTakeFirst()
  return numUpdatedRows === 1n
}

async function dropFile(trx: Trx, id: string, uploadId: string, leaseUntil?: number): Promise<boolean> {
  await giveBackSlots(trx, uploadId, 0) // locks the upload before its file, as all others do who need both
  let dropping = trx.deleteFrom('files').where('id', '=', id).where('status', '=', 'uploading')
  if (leaseUntil !== undefined) dropping = dropping.where('leaseUntil', '=', leaseUntil)
  const { numDeletedRows } = await dropping.executeTakeFirst()
  await giveBackSlots(trx, uploadId, Number(numDeletedRows))
  return numDeletedRows === 1n
}

async function giveBackSlots(trx: Transaction<Schema>, uploadId: string, slots: number): Promise<void> {
  await trx
    .updateTable('uploads')
    .set((eb) => ({ returnedSlots: eb('returnedSlots', '+', slots) }))
    .where('id', '=', uploadId)
    .execute()
}

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

/** Slots without bytes are deleted at once; bytes are deleted by the purge. */
export async function dropFiles(trx: Transaction<Schema>, uploadIds: readonly string[]): Promise<void> {
  await trx
    .updateTable('files')
    .set(({ eb }) => ({
      status: eb.case().when('status', '=', 'missing').then<FileStatus>('deleted').else<FileStatus>('removed').end(),
    }))
    .where('uploadId', 'in', uploadIds)
    .where('status', 'in', ['missing', 'uploading', 'uploaded'])
    .execute()
}
