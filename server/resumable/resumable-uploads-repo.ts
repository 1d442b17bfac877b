import type { Insertable, Kysely, Selectable, Updateable } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { ResumablesTable, Schema } from '../database/schema.ts'
import type { Trx } from '../database/transact.ts'
import type { SeenLease } from '../lib/lease-watch.ts'
import type { GuestQuota, SpareUploads } from '../uploads/intake/guest-quota.ts'
import type { ResumableUpload } from './resumable-upload.ts'

export type ResumableUploadsRepo = ReturnType<typeof createResumableUploadsRepo>

interface Dependencies extends Pick<Database, 'db' | 'prepare' | 'transact'> {
  spareUploads: SpareUploads
}

/** What changes while bytes come in. */
export type Progress = Partial<
  Pick<ResumableUpload, 'offset' | 'notes' | 'size' | 'status' | 'blobKey' | 'expiresAt' | 'isTorn' | 'reserved'>
>

/** Throws unless there is room for what the transaction reserves. */
export type AssertRoom = (trx: Trx) => Promise<void>

/** Every query on resumables. Only who holds the lease changes a row; what loses it learns so by `undefined` or `false`. */
export function createResumableUploadsRepo({ db, prepare, transact, spareUploads }: Dependencies) {
  const byId = prepare(db.selectFrom('resumables').selectAll().where('id', '=', ''))
  const byBlob = prepare(db.selectFrom('resumables').select('id').where('blob_key', '=', ''))

  /** Before its own row is locked: a transaction that needs both locks the upload first. */
  async function spare(trx: Trx, id: string, until: number): Promise<void> {
    const row = await trx.selectFrom('resumables').select('upload_id').where('id', '=', id).executeTakeFirst()
    if (row?.upload_id) await spareUploads(trx, [row.upload_id], until)
  }

  return {
    /**
     * From now on the row of its file lives as long as it does, and needs no lease of its own. Returns it with the limit that
     * `guestQuota` sets; throws what that and `assertRoom` throw.
     */
    insert: (created: ResumableUpload, assertRoom: AssertRoom, guestQuota?: GuestQuota): Promise<ResumableUpload> =>
      transact(async (trx) => {
        await assertRoom(trx)
        const granted = guestQuota ? await guestQuota.grant(trx) : Number.POSITIVE_INFINITY
        if (created.uploadId !== null) await spareUploads(trx, [created.uploadId], created.expiresAt)
        const resumable = { ...created, maxSize: smaller(created.maxSize, granted) }
        await trx.insertInto('resumables').values(toRow(resumable)).execute()
        if (resumable.fileId !== null)
          await trx.updateTable('files').set({ lease_until: null }).where('id', '=', resumable.fileId).execute()
        return resumable
      }),

    async find(id: string): Promise<ResumableUpload | undefined> {
      const [row] = await byId(id)
      return row && toResumableUpload(row)
    },

    /** Whether it may not be continued, see `over`. */
    isOver: async (id: string, now: number): Promise<boolean> => isOver(db, id, now),

    /** Takes the lease, unless somebody has it. `leaseUntil` is never compared with a clock: another value is a renewal. */
    acquire: (id: string, writer: string, leaseUntil: number): Promise<ResumableUpload | undefined> =>
      transact(async (trx) => {
        const row = await trx
          .updateTable('resumables')
          .set({ writer, lease_until: leaseUntil, is_wanted: 0 })
          .where('id', '=', id)
          .where('writer', 'is', null)
          .returningAll()
          .executeTakeFirst()
        return row && toResumableUpload(row)
      }),

    /** Leases of all writers, those who died among them. */
    listLeases: (): Promise<SeenLease[]> =>
      db.selectFrom('resumables').select(['id', 'lease_until as mark']).where('writer', 'is not', null).execute(),

    /** Takes leases that were not renewed since they were seen. Their writers did not let go, so the blobs are torn. */
    takeLeases: (leases: readonly SeenLease[]): Promise<void> =>
      transact(async (trx) => {
        for (const { id, mark } of leases)
          await trx
            .updateTable('resumables')
            .set({ writer: null, lease_until: 0, is_torn: 1 })
            .where('id', '=', id)
            .where('writer', 'is not', null)
            .where('lease_until', '=', mark)
            .execute()
      }),

    /** Asks whoever holds the lease to let go. */
    want: (id: string): Promise<void> =>
      transact(async (trx) => {
        await trx.updateTable('resumables').set({ is_wanted: 1 }).where('id', '=', id).execute()
      }),

    /** Notes how far `writer` has come and renews its lease. Undefined: it lost the lease. */
    renew: (
      id: string,
      writer: string,
      now: number,
      leaseUntil: number,
      progress: Progress,
    ): Promise<{ isWanted: boolean; isOver: boolean } | undefined> =>
      transact(async (trx) => {
        if (progress.expiresAt !== undefined) await spare(trx, id, progress.expiresAt)
        const row = await trx
          .updateTable('resumables')
          .set({ ...progressColumns(progress), lease_until: leaseUntil })
          .where('id', '=', id)
          .where('writer', '=', writer)
          .returning('is_wanted')
          .executeTakeFirst()
        return row && { isWanted: row.is_wanted === 1, isOver: await isOver(trx, id, now) }
      }),

    /** Reserves `bytes` for what `writer` is about to take. False: it lost the lease. Throws what `assertRoom` throws. */
    reserve: (id: string, writer: string, reserved: number, assertRoom: AssertRoom): Promise<boolean> =>
      transact(async (trx) => {
        await assertRoom(trx)
        const { numUpdatedRows } = await trx
          .updateTable('resumables')
          .set({ reserved })
          .where('id', '=', id)
          .where('writer', '=', writer)
          .executeTakeFirst()
        return numUpdatedRows === 1n
      }),

    /** Notes what has become of it, in a transaction that makes it so. False: the lease is not the writer's any more. */
    settle: async (trx: Trx, id: string, writer: string, progress: Progress): Promise<boolean> => {
      const { numUpdatedRows } = await trx
        .updateTable('resumables')
        .set(progressColumns(progress))
        .where('id', '=', id)
        .where('writer', '=', writer)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },

    /** Notes how far `writer` has come and gives the lease back. False: another writer has it. */
    release: (id: string, writer: string, progress: Progress): Promise<boolean> =>
      transact(async (trx) => {
        if (progress.expiresAt !== undefined) await spare(trx, id, progress.expiresAt)
        const { numUpdatedRows } = await trx
          .updateTable('resumables')
          .set({ ...progressColumns(progress), writer: null, lease_until: 0, is_wanted: 0 })
          .where('id', '=', id)
          .where('writer', '=', writer)
          .executeTakeFirst()
        return numUpdatedRows === 1n
      }),

    /** False: it was gone, or `writer` does not hold its lease. */
    delete: (id: string, writer: string): Promise<boolean> =>
      transact(async (trx) => {
        const { numDeletedRows } = await trx
          .deleteFrom('resumables')
          .where('id', '=', id)
          .where('writer', '=', writer)
          .executeTakeFirst()
        return numDeletedRows === 1n
      }),

    async findByFile(fileId: string): Promise<ResumableUpload | undefined> {
      const row = await db.selectFrom('resumables').selectAll().where('file_id', '=', fileId).executeTakeFirst()
      return row && toResumableUpload(row)
    },

    /** Whether unfinished bytes under this key are to be kept. */
    isWanted: async (blobKey: string): Promise<boolean> => (await byBlob(blobKey)).length > 0,

    async listOver(now: number, limit: number): Promise<ResumableUpload[]> {
      const rows = await over(db, now).selectAll('resumables').limit(limit).execute()
      return rows.map(toResumableUpload)
    },
  }
}

async function isOver(db: Kysely<Schema>, id: string, now: number): Promise<boolean> {
  const row = await over(db, now).select('resumables.id').where('resumables.id', '=', id).executeTakeFirst()
  return row !== undefined
}

/**
 * Those whose time is up, and unfinished ones and parts that lost what they were for: the file or its upload was removed or
 * has expired, the request was revoked or has expired, the user was deleted. An upload without a whole file does not expire while
 * one is being sent.
 */
function over(db: Kysely<Schema>, now: number) {
  return db
    .selectFrom('resumables')
    .leftJoin('files', 'files.id', 'resumables.file_id')
    .leftJoin('file_requests', (join) =>
      join.on(({ eb, fn }) => eb('file_requests.id', '=', fn.coalesce('resumables.request_id', 'files.request_id'))),
    )
    .leftJoin('uploads', (join) =>
      join.on(({ eb, fn }) => eb('uploads.id', '=', fn.coalesce('resumables.upload_id', 'file_requests.upload_id'))),
    )
    .leftJoin('users', 'users.id', 'resumables.user_id')
    .where((eb) =>
      eb.or([
        eb('resumables.expires_at', '<=', now),
        eb.and([
          eb.or([eb('resumables.status', '=', 'open'), eb('resumables.file_id', 'is', null)]),
          eb.or([
            eb.and([
              eb('resumables.file_id', 'is not', null),
              eb.or([eb('files.id', 'is', null), eb('files.status', 'not in', ['uploading', 'uploaded'])]),
            ]),
            eb('uploads.status', 'in', ['removed', 'expired']),
            eb.and([
              eb.or([eb('uploads.started_at', 'is not', null), eb('resumables.file_id', 'is', null)]),
              eb('uploads.expires_at', '<=', now),
            ]),
            eb('file_requests.revoked_at', 'is not', null),
            eb('file_requests.expires_at', '<=', now),
            eb.and([eb('resumables.request_id', 'is not', null), eb('uploads.id', 'is', null)]),
            eb.and([eb('resumables.user_id', 'is not', null), eb('users.id', 'is', null)]),
          ]),
        ]),
      ]),
    )
}

const smaller = (limit: number | null, granted: number): number | null =>
  Number.isFinite(granted) ? Math.min(limit ?? granted, granted) : limit

function toResumableUpload(row: Selectable<ResumablesTable>): ResumableUpload {
  return {
    id: row.id,
    status: row.status,
    uploadId: row.upload_id,
    fileId: row.file_id,
    ownsUpload: row.owns_upload === 1,
    blobKey: row.blob_key,
    size: row.length,
    maxSize: row.max_length,
    offset: row.received,
    notes: row.notes,
    metadata: row.metadata,
    concat: row.concat,
    sha256: row.sha256,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    isTorn: row.is_torn === 1,
    requestId: row.request_id,
    userId: row.user_id,
    reserved: row.reserved,
  }
}

function toRow(resumable: ResumableUpload): Insertable<ResumablesTable> {
  return {
    id: resumable.id,
    status: resumable.status,
    upload_id: resumable.uploadId,
    file_id: resumable.fileId,
    owns_upload: resumable.ownsUpload ? 1 : 0,
    blob_key: resumable.blobKey,
    length: resumable.size,
    max_length: resumable.maxSize,
    received: resumable.offset,
    notes: resumable.notes,
    metadata: resumable.metadata,
    concat: resumable.concat,
    sha256: resumable.sha256,
    created_at: resumable.createdAt,
    expires_at: resumable.expiresAt,
    is_torn: resumable.isTorn ? 1 : 0,
    request_id: resumable.requestId,
    user_id: resumable.userId,
    reserved: resumable.reserved,
  }
}

function progressColumns({ offset, size, blobKey, expiresAt, isTorn, ...rest }: Progress): Updateable<ResumablesTable> {
  return {
    ...rest,
    ...(offset === undefined ? {} : { received: offset }),
    ...(size === undefined ? {} : { length: size }),
    ...(blobKey === undefined ? {} : { blob_key: blobKey }),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
    ...(isTorn === undefined ? {} : { is_torn: isTorn ? 1 : 0 }),
  }
}
