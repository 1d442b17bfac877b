import type { Kysely } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { Row, Schema } from '../database/schema.ts'
import type { Trx } from '../database/transact.ts'
import type { SeenLease } from '../lib/leases.ts'
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

/**
 * Every query on resumables. Only the owner of the lease changes a row; after losing it, functions return `undefined` or
 * `false`.
 */
export function createResumableUploadsRepo({ db, prepare, transact, spareUploads }: Dependencies) {
  const byId = prepare(db.selectFrom('resumables').selectAll().where('id', '=', ''))
  const byBlob = prepare(db.selectFrom('resumables').select('id').where('blobKey', '=', ''))

  /** Before its own row is locked: a transaction that needs both locks the upload first. */
  async function spare(trx: Trx, id: string, until: number): Promise<void> {
    const row = await trx.selectFrom('resumables').select('uploadId').where('id', '=', id).executeTakeFirst()
    if (row?.uploadId) await spareUploads(trx, [row.uploadId], until)
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
        await trx.insertInto('resumables').values(columnsOf(resumable)).execute()
        if (resumable.fileId !== null)
          await trx.updateTable('files').set({ leaseUntil: null }).where('id', '=', resumable.fileId).execute()
        return resumable
      }),

    async find(id: string): Promise<ResumableUpload | undefined> {
      const [row] = await byId(id)
      return row && toResumableUpload(row)
    },

    /** Whether it may not be resumed, see `over`. */
    isOver: async (id: string, now: number): Promise<boolean> => isOver(db, id, now),

    /** Acquires the lease if it is free. `leaseUntil` is never compared with a clock: a changed value is a renewal. */
    acquire: (id: string, writer: string, leaseUntil: number): Promise<ResumableUpload | undefined> =>
      transact(async (trx) => {
        const row = await trx
          .updateTable('resumables')
          .set({ writer, leaseUntil, isWanted: false })
          .where('id', '=', id)
          .where('writer', 'is', null)
          .returningAll()
          .executeTakeFirst()
        return row && toResumableUpload(row)
      }),

    /** Leases of all writers, including dead ones. */
    listLeases: (): Promise<SeenLease[]> =>
      db.selectFrom('resumables').select(['id', 'leaseUntil as mark']).where('writer', 'is not', null).execute(),

    /** Takes leases that were not renewed since they were seen. Their writers did not release them, so the blobs are torn. */
    takeLeases: (leases: readonly SeenLease[]): Promise<void> =>
      transact(async (trx) => {
        for (const { id, mark } of leases)
          await trx
            .updateTable('resumables')
            .set({ writer: null, leaseUntil: 0, isTorn: true })
            .where('id', '=', id)
            .where('writer', 'is not', null)
            .where('leaseUntil', '=', mark)
            .execute()
      }),

    /** Asks the owner of the lease to release it. */
    want: (id: string): Promise<void> =>
      transact(async (trx) => {
        await trx.updateTable('resumables').set({ isWanted: true }).where('id', '=', id).execute()
      }),

    /** Records the progress of `writer` and renews its lease. Returns undefined if it lost the lease. */
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
          .set({ ...columnsOf(progress), leaseUntil })
          .where('id', '=', id)
          .where('writer', '=', writer)
          .returning('isWanted')
          .executeTakeFirst()
        return row && { ...row, isOver: await isOver(trx, id, now) }
      }),

    /** Reserves `bytes` for `writer`. Returns false if it lost the lease. Throws what `assertRoom` throws. */
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

    /** Records the result in the transaction that creates it. Returns false if `writer` lost the lease. */
    settle: async (trx: Trx, id: string, writer: string, progress: Progress): Promise<boolean> => {
      const { numUpdatedRows } = await trx
        .updateTable('resumables')
        .set(columnsOf(progress))
        .where('id', '=', id)
        .where('writer', '=', writer)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },

    /** Records the progress of `writer` and releases the lease. Returns false if another writer has it. */
    release: (id: string, writer: string, progress: Progress): Promise<boolean> =>
      transact(async (trx) => {
        if (progress.expiresAt !== undefined) await spare(trx, id, progress.expiresAt)
        const { numUpdatedRows } = await trx
          .updateTable('resumables')
          .set({ ...columnsOf(progress), writer: null, leaseUntil: 0, isWanted: false })
          .where('id', '=', id)
          .where('writer', '=', writer)
          .executeTakeFirst()
        return numUpdatedRows === 1n
      }),

    /** Returns false if it was already deleted, or `writer` does not have its lease. */
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
      const row = await db.selectFrom('resumables').selectAll().where('fileId', '=', fileId).executeTakeFirst()
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
 * Resumables that have expired, and unfinished ones and parts whose target is gone: the file or its upload was removed or
 * has expired, the request was revoked or has expired, or the user was deleted. An upload without a complete file does
 * not expire while a file is being sent.
 */
function over(db: Kysely<Schema>, now: number) {
  return db
    .selectFrom('resumables')
    .leftJoin('files', 'files.id', 'resumables.fileId')
    .leftJoin('fileRequests', (join) =>
      join.on(({ eb, fn }) => eb('fileRequests.id', '=', fn.coalesce('resumables.requestId', 'files.requestId'))),
    )
    .leftJoin('uploads', (join) =>
      join.on(({ eb, fn }) => eb('uploads.id', '=', fn.coalesce('resumables.uploadId', 'fileRequests.uploadId'))),
    )
    .leftJoin('users', 'users.id', 'resumables.userId')
    .where((eb) =>
      eb.or([
        eb('resumables.expiresAt', '<=', now),
        eb.and([
          eb.or([eb('resumables.status', '=', 'open'), eb('resumables.fileId', 'is', null)]),
          eb.or([
            eb.and([
              eb('resumables.fileId', 'is not', null),
              eb.or([eb('files.id', 'is', null), eb('files.status', 'not in', ['uploading', 'uploaded'])]),
            ]),
            eb('uploads.status', 'in', ['removed', 'expired']),
            eb.and([
              eb.or([eb('uploads.startedAt', 'is not', null), eb('resumables.fileId', 'is', null)]),
              eb('uploads.expiresAt', '<=', now),
            ]),
            eb('fileRequests.revokedAt', 'is not', null),
            eb('fileRequests.expiresAt', '<=', now),
            eb.and([eb('resumables.requestId', 'is not', null), eb('uploads.id', 'is', null)]),
            eb.and([eb('resumables.userId', 'is not', null), eb('users.id', 'is', null)]),
          ]),
        ]),
      ]),
    )
}

const smaller = (limit: number | null, granted: number): number | null =>
  Number.isFinite(granted) ? Math.min(limit ?? granted, granted) : limit

/** Some columns have other names than here: they are as old as the first version. */
const toResumableUpload = ({ length, maxLength, received, ...row }: Row<'resumables'>): ResumableUpload => ({
  ...row,
  size: length,
  maxSize: maxLength,
  offset: received,
})

/** What `changes` leave out stays as it is: Kysely does not write what is undefined. */
const columnsOf = <T extends Partial<ResumableUpload>>({ size, maxSize, offset, ...changes }: T) => ({
  ...changes,
  length: size,
  maxLength: maxSize,
  received: offset,
})
