import type { Kysely } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { Schema } from '../database/schema.ts'
import type { Trx } from '../database/transact.ts'
import { type FileRequest, NOTHING, type Usage } from './file-request.ts'

export type RequestsRepo = ReturnType<typeof createRequestsRepo>

/**
 * Every query on requests. The files of one are not counted apart but read from the rows of its files, so that nothing has
 * to be given back when a transfer fails or a process dies. Files that are coming in count unless it says otherwise.
 */
export function createRequestsRepo({ db, prepare, transact }: Pick<Database, 'db' | 'prepare' | 'transact'>) {
  const requestByToken = prepare(db.selectFrom('fileRequests').selectAll().where('tokenHash', '=', ''))

  return {
    async findByTokenHash(tokenHash: string): Promise<FileRequest | undefined> {
      return (await requestByToken(tokenHash))[0]
    },

    /** What there is no room for, or nothing to ask for, is not inserted. */
    insertRequest: (request: FileRequest, maxRequests: number): Promise<'inserted' | 'full' | 'gone'> =>
      transact(async (trx) => {
        if (!(await lockUpload(trx, request.uploadId))) return 'gone'
        const { count } = await trx
          .selectFrom('fileRequests')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .where('uploadId', '=', request.uploadId)
          .executeTakeFirstOrThrow()
        if (count >= maxRequests) return 'full'
        await trx.insertInto('fileRequests').values(request).execute()
        return 'inserted'
      }),

    /** In order of creation. */
    listRequests: (uploadId: string): Promise<FileRequest[]> =>
      db
        .selectFrom('fileRequests')
        .selectAll()
        .where('uploadId', '=', uploadId)
        .orderBy('createdAt')
        .orderBy('id')
        .execute(),

    usage: (requestId: string): Promise<Usage> => usage(db, requestId),

    /** Files that arrived, by the id of their request; requests without any are left out. */
    async listArrived(uploadId: string): Promise<Map<string, Usage>> {
      const rows = await sums(db)
        .select('requestId')
        .where('uploadId', '=', uploadId)
        .where('requestId', 'is not', null)
        .where('uploadedAt', 'is not', null)
        .groupBy('requestId')
        .execute()
      return new Map(rows.map(({ requestId, ...arrived }) => [requestId as string, arrived]))
    },

    /** A request and the files that guests added, as the transaction sees them. */
    async inspect(trx: Trx, requestId: string): Promise<{ request: FileRequest; used: Usage }> {
      const request = await trx
        .selectFrom('fileRequests')
        .selectAll()
        .where('id', '=', requestId)
        .executeTakeFirstOrThrow()
      return { request, used: await usage(trx, requestId) }
    },

    /** What waits to be joined of what guests sent in parts, while nobody else can add to it until the transaction is over. */
    async lockParts(trx: Trx, { id, uploadId }: Pick<FileRequest, 'id' | 'uploadId'>): Promise<Usage> {
      await lockUpload(trx, uploadId)
      const row = await trx
        .selectFrom('resumables')
        .select(({ fn, val, cast }) => [
          fn.countAll<number>().as('files'),
          cast<number>(fn.coalesce(fn.sum(fn.coalesce('length', 'maxLength')), val(0)), 'bigint').as('bytes'),
        ])
        .where('requestId', '=', id)
        .executeTakeFirst()
      return row ?? NOTHING
    },

    /** Rejects further files, and aborts those that are being received. Returns false if the request does not exist. */
    revokeRequest: (uploadId: string, requestId: string, now: number): Promise<boolean> =>
      transact(async (trx) => {
        await lockUpload(trx, uploadId) // else a file could slip in that this transaction does not see yet
        const { numUpdatedRows } = await trx
          .updateTable('fileRequests')
          .set(({ fn, val }) => ({ revokedAt: fn.coalesce('revokedAt', val(now)) }))
          .where('id', '=', requestId)
          .where('uploadId', '=', uploadId)
          .executeTakeFirst()
        await trx
          .updateTable('files')
          .set({ status: 'removed' })
          .where('requestId', '=', requestId)
          .where('uploadId', '=', uploadId)
          .where('status', '=', 'uploading')
          .execute()
        return numUpdatedRows === 1n
      }),
  }
}

/** Makes other transactions that add a file or a request wait until this one ends. Returns false if the upload was deleted. */
async function lockUpload(trx: Trx, uploadId: string): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('uploads')
    .set((eb) => ({ fileCount: eb.ref('fileCount') }))
    .where('id', '=', uploadId)
    .where('status', '=', 'active')
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

async function usage(db: Kysely<Schema>, requestId: string): Promise<Usage> {
  const row = await sums(db)
    .where('requestId', '=', requestId)
    .where((eb) => eb.or([eb('status', '=', 'uploading'), eb('uploadedAt', 'is not', null)]))
    .executeTakeFirst()
  return row ?? NOTHING
}

/** PostgreSQL makes a decimal of a sum of bigints unless told otherwise. */
const sums = (db: Kysely<Schema>) =>
  db
    .selectFrom('files')
    .select(({ fn, val, cast }) => [
      fn.countAll<number>().as('files'),
      cast<number>(fn.coalesce(fn.sum('requestBytes'), val(0)), 'bigint').as('bytes'),
    ])
