import type { Insertable, Kysely, Selectable } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { FileRequestsTable, Schema } from '../database/schema.ts'
import type { Trx } from '../database/transact.ts'
import { type FileRequest, NOTHING, type Usage } from './file-request.ts'

export type RequestsRepo = ReturnType<typeof createRequestsRepo>

/**
 * Every query on requests. The files of one are not counted apart but read from the rows of its files, so that nothing has
 * to be given back when a transfer fails or a process dies. Files that are coming in count unless it says otherwise.
 */
export function createRequestsRepo({ db, prepare, transact }: Pick<Database, 'db' | 'prepare' | 'transact'>) {
  const requestByToken = prepare(db.selectFrom('file_requests').selectAll().where('token_hash', '=', ''))

  return {
    async findByTokenHash(tokenHash: string): Promise<FileRequest | undefined> {
      const [row] = await requestByToken(tokenHash)
      return row && toRequest(row)
    },

    /** What there is no room for, or nothing to ask for, is not inserted. */
    insertRequest: (request: FileRequest, maxRequests: number): Promise<'inserted' | 'full' | 'gone'> =>
      transact(async (trx) => {
        if (!(await lockUpload(trx, request.uploadId))) return 'gone'
        const { count } = await trx
          .selectFrom('file_requests')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .where('upload_id', '=', request.uploadId)
          .executeTakeFirstOrThrow()
        if (count >= maxRequests) return 'full'
        await trx.insertInto('file_requests').values(toRow(request)).execute()
        return 'inserted'
      }),

    /** In order of creation. */
    async listRequests(uploadId: string): Promise<FileRequest[]> {
      const rows = await db
        .selectFrom('file_requests')
        .selectAll()
        .where('upload_id', '=', uploadId)
        .orderBy('created_at')
        .orderBy('id')
        .execute()
      return rows.map(toRequest)
    },

    usage: (requestId: string): Promise<Usage> => usage(db, requestId),

    /** Files that arrived, by the id of their request; requests without any are left out. */
    async listArrived(uploadId: string): Promise<Map<string, Usage>> {
      const rows = await sums(db)
        .select('request_id')
        .where('upload_id', '=', uploadId)
        .where('request_id', 'is not', null)
        .where('uploaded_at', 'is not', null)
        .groupBy('request_id')
        .execute()
      return new Map(rows.map(({ request_id, ...arrived }) => [request_id as string, arrived]))
    },

    /** A request and the files that guests added, as the transaction sees them. */
    async inspect(trx: Trx, requestId: string): Promise<{ request: FileRequest; used: Usage }> {
      const row = await trx
        .selectFrom('file_requests')
        .selectAll()
        .where('id', '=', requestId)
        .executeTakeFirstOrThrow()
      return { request: toRequest(row), used: await usage(trx, requestId) }
    },

    /** What waits to be joined of what guests sent in parts, while nobody else can add to it until the transaction is over. */
    async lockParts(trx: Trx, { id, uploadId }: Pick<FileRequest, 'id' | 'uploadId'>): Promise<Usage> {
      await lockUpload(trx, uploadId)
      const row = await trx
        .selectFrom('resumables')
        .select(({ fn, val, cast }) => [
          fn.countAll<number>().as('files'),
          cast<number>(fn.coalesce(fn.sum(fn.coalesce('length', 'max_length')), val(0)), 'bigint').as('bytes'),
        ])
        .where('request_id', '=', id)
        .executeTakeFirst()
      return row ?? NOTHING
    },

    /** Nothing more comes by it, and what is just coming in is dropped. False: there is no such request. */
    revokeRequest: (uploadId: string, requestId: string, now: number): Promise<boolean> =>
      transact(async (trx) => {
        await lockUpload(trx, uploadId) // else a file could slip in that this transaction does not see yet
        const { numUpdatedRows } = await trx
          .updateTable('file_requests')
          .set(({ fn, val }) => ({ revoked_at: fn.coalesce('revoked_at', val(now)) }))
          .where('id', '=', requestId)
          .where('upload_id', '=', uploadId)
          .executeTakeFirst()
        await trx
          .updateTable('files')
          .set({ status: 'removed' })
          .where('request_id', '=', requestId)
          .where('upload_id', '=', uploadId)
          .where('status', '=', 'uploading')
          .execute()
        return numUpdatedRows === 1n
      }),
  }
}

/** Keeps everybody else who would add a file or a request waiting until this transaction is over. False: the upload is gone. */
async function lockUpload(trx: Trx, uploadId: string): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('uploads')
    .set((eb) => ({ file_count: eb.ref('file_count') }))
    .where('id', '=', uploadId)
    .where('status', '=', 'active')
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

async function usage(db: Kysely<Schema>, requestId: string): Promise<Usage> {
  const row = await sums(db)
    .where('request_id', '=', requestId)
    .where((eb) => eb.or([eb('status', '=', 'uploading'), eb('uploaded_at', 'is not', null)]))
    .executeTakeFirst()
  return row ?? NOTHING
}

/** PostgreSQL makes a decimal of a sum of bigints unless told otherwise. */
const sums = (db: Kysely<Schema>) =>
  db
    .selectFrom('files')
    .select(({ fn, val, cast }) => [
      fn.countAll<number>().as('files'),
      cast<number>(fn.coalesce(fn.sum('request_bytes'), val(0)), 'bigint').as('bytes'),
    ])

const toRequest = (row: Selectable<FileRequestsTable>): FileRequest => ({
  id: row.id,
  uploadId: row.upload_id,
  tokenHash: row.token_hash,
  title: row.title,
  comments: row.comments,
  maxFiles: row.max_files,
  maxBytes: row.max_bytes,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
})

const toRow = (request: FileRequest): Insertable<FileRequestsTable> => ({
  id: request.id,
  upload_id: request.uploadId,
  token_hash: request.tokenHash,
  title: request.title,
  comments: request.comments,
  max_files: request.maxFiles,
  max_bytes: request.maxBytes,
  created_at: request.createdAt,
  expires_at: request.expiresAt,
  revoked_at: request.revokedAt,
})
