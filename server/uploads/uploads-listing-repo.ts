import { type ExpressionBuilder, type Kysely, sql } from 'kysely'
import { chunks } from '../database/chunks.ts'
import { contains } from '../database/contains.ts'
import type { Schema } from '../database/schema.ts'
import { selectPage } from '../database/select-page.ts'
import type { Page, Paging } from '../lib/paging.ts'
import type { Totals, UploadFilter, UploadSort } from './listing.ts'
import type { StoredFile, Upload } from './upload.ts'

export type UploadsListingRepo = ReturnType<typeof createUploadsListingRepo>

/** Queries over many uploads, for their owners and for administrators: of those that can be read now. */
export function createUploadsListingRepo({ db }: { db: Kysely<Schema> }) {
  return {
    async listUploads(filter: UploadFilter, paging: Paging<UploadSort>, now: number): Promise<Page<Upload>> {
      const entries = filtered(db, filter, now).select((eb) => [
        'uploads.id',
        sortKey(eb, paging.sort).as('sortKey'),
        eb('uploads.fileCount', '-', eb.ref('uploads.returnedSlots')).as('weight'),
      ])
      const { results, ...rest } = await selectPage(db, entries, paging)
      return { ...rest, results: await uploadsOf(db, results) }
    },

    /** By upload, in the order of each. */
    async listFilesOf(uploadIds: readonly string[]): Promise<Map<string, StoredFile[]>> {
      const files = new Map<string, StoredFile[]>(uploadIds.map((id) => [id, []]))
      for (const ids of chunks(uploadIds)) {
        const rows = await db
          .selectFrom('files')
          .selectAll()
          .where('uploadId', 'in', ids)
          .orderBy('uploadId')
          .orderBy('position')
          .execute()
        for (const row of rows) files.get(row.uploadId)?.push(row)
      }
      return files
    },

    async totals(filter: UploadFilter, now: number): Promise<Totals> {
      const { uploads } = await filtered(db, filter, now)
        .select(({ fn }) => fn.countAll().as('uploads'))
        .executeTakeFirstOrThrow()
      const { files, size } = await filtered(db, filter, now)
        .innerJoin('files', 'files.uploadId', 'uploads.id')
        .where('files.status', '=', 'uploaded')
        .select(({ fn }) => [fn.countAll().as('files'), fn.sum('files.size').as('size')])
        .executeTakeFirstOrThrow()
      return { uploads: Number(uploads), files: Number(files), totalSize: Number(size ?? 0) }
    },
  }
}

function filtered(db: Kysely<Schema>, { userId, tokenId, ...wanted }: UploadFilter, now: number) {
  let query = db
    .selectFrom('uploads')
    .where('uploads.status', '=', 'active')
    .where((eb) => eb.or([eb('uploads.expiresAt', 'is', null), eb('uploads.expiresAt', '>', now)]))
  if (userId === null) query = query.where('uploads.userId', 'is', null)
  else if (userId !== undefined) query = query.where('uploads.userId', '=', userId)
  if (tokenId !== undefined) query = query.where('uploads.tokenId', '=', tokenId)
  for (const flag of ['oneShot', 'removable', 'stream', 'extendTtl'] as const) {
    if (wanted[flag] !== undefined) query = query.where(`uploads.${flag}`, '=', wanted[flag])
  }
  if (wanted.password !== undefined)
    query = query.where('uploads.passwordHash', wanted.password ? 'is not' : 'is', null)
  if (wanted.e2ee !== undefined) query = query.where('uploads.e2ee', wanted.e2ee ? 'is not' : 'is', null)
  return wanted.text === undefined ? query : query.where((eb) => holds(eb, wanted.text as string))
}

/** Whether people would find `text` in it. */
function holds(eb: ExpressionBuilder<Schema, 'uploads'>, text: string) {
  const named = eb
    .selectFrom('files')
    .select('files.id')
    .whereRef('files.uploadId', '=', 'uploads.id')
    .where(contains('files.name', text))
  return eb.or([contains('uploads.comments', text), eb.exists(named)])
}

function sortKey(eb: ExpressionBuilder<Schema, 'uploads'>, sort: UploadSort) {
  if (sort === 'date') return eb.ref('uploads.createdAt')
  if (sort !== 'size') return downloadsOf(eb, sort === 'downloads' ? 'downloads' : 'downloadedBytes')
  return eb.fn.coalesce(
    eb
      .selectFrom('files')
      .select(({ fn }) => fn.sum<number>('files.size').as('size'))
      .whereRef('files.uploadId', '=', 'uploads.id')
      .where('files.status', '=', 'uploaded'),
    sql<number>`0`,
  )
}

/** Since ever. */
function downloadsOf(eb: ExpressionBuilder<Schema, 'uploads'>, column: 'downloads' | 'downloadedBytes') {
  const counted = eb
    .selectFrom('activity')
    .select(`activity.${column}`)
    .where('activity.scope', '=', 'upload')
    .where('activity.day', '=', 0)
    .whereRef('activity.id', '=', 'uploads.id')
  return eb.fn.coalesce(counted, sql<number>`0`)
}

async function uploadsOf(db: Kysely<Schema>, ids: readonly string[]): Promise<Upload[]> {
  const byId = new Map<string, Upload>()
  for (const some of chunks(ids)) {
    const rows = await db.selectFrom('uploads').selectAll().where('id', 'in', some).execute()
    for (const row of rows) byId.set(row.id, row)
  }
  return ids.flatMap((id) => byId.get(id) ?? []) // one may have gone meanwhile
}
