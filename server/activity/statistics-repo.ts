import { type Kysely, sql } from 'kysely'
import type { ActivityScope, Schema } from '../database/schema.ts'
import { ALL_TIME, type Subject } from './activity-repo.ts'

/** The subject whose uploads are counted; `server`: all uploads. */
export type Owner = Subject & { scope: Exclude<ActivityScope, 'upload' | 'file'> }

export interface TrendingQuery {
  /** Days since the epoch, inclusive; undefined: all time. */
  since: number | undefined
  sort: 'downloads' | 'downloadedBytes'
  /** The owner; undefined: all. */
  userId: string | undefined
  limit: number
  now: number
}

export type StatisticsRepo = ReturnType<typeof createStatisticsRepo>

/** Queries on the current uploads and files. */
export function createStatisticsRepo({ db }: { db: Kysely<Schema> }) {
  const liveUploads = (now: number) =>
    db
      .selectFrom('uploads')
      .where('uploads.status', '=', 'active')
      .where((eb) => eb.or([eb('uploads.expiresAt', 'is', null), eb('uploads.expiresAt', '>', now)]))

  const uploadsOf = ({ scope, id }: Owner, now: number) => {
    const uploads = liveUploads(now)
    if (scope === 'server') return uploads
    if (scope === 'anonymous') return uploads.where('uploads.userId', 'is', null)
    return uploads.where(scope === 'user' ? 'uploads.userId' : 'uploads.tokenId', '=', id)
  }

  /** Downloads by subject, in the days asked for. */
  const downloads = (scope: 'upload' | 'file', since: number | undefined) =>
    db
      .selectFrom('activity')
      .select(({ fn }) => [
        'id as subject',
        total('downloads').as('times'),
        total('downloadedBytes').as('bytes'),
        fn.max('lastDownloadAt').as('lastAt'),
      ])
      .where('scope', '=', scope)
      .where('day', since === undefined ? '=' : '>=', since ?? ALL_TIME)
      .groupBy('id')
      .as('counted')

  return {
    /** How many live uploads there are of each kind. */
    uploadKinds: (owner: Owner, now: number) =>
      uploadsOf(owner, now)
        .select(['removable', 'oneShot', 'stream', 'extendTtl', 'e2ee', 'ttlSeconds'])
        .select((eb) => [
          eb('passwordHash', 'is not', null).$castTo<boolean>().as('hasPassword'),
          eb('comments', '<>', '').$castTo<boolean>().as('hasComments'),
          eb.fn.countAll<number>().as('uploads'),
        ])
        .groupBy(['removable', 'oneShot', 'stream', 'extendTtl', 'e2ee', 'ttlSeconds', 'hasPassword', 'hasComments'])
        .execute(),

    /** How many files are stored in live uploads, by the first of `bounds` (ascending) that is above their size. */
    fileSizes: (owner: Owner, bounds: readonly number[], now: number) => {
      const cases = bounds.map((bound) => sql`when files.size < ${sql.lit(bound)} then ${sql.lit(bound)}`)
      return uploadsOf(owner, now)
        .innerJoin('files', 'files.uploadId', 'uploads.id')
        .where('files.status', '=', 'uploaded')
        .select(({ fn }) => [
          sql<number | null>`case ${sql.join(cases, sql` `)} end`.as('below'),
          fn.countAll<number>().as('files'),
          total('files.size').as('bytes'),
        ])
        .groupBy('below')
        .execute()
    },

    trendingUploads: ({ since, sort, userId, limit, now }: TrendingQuery) => {
      const uploads = uploadsOf(userId === undefined ? EVERYBODY : { scope: 'user', id: userId }, now)
      const metric = sort === 'downloads' ? 'counted.times' : 'counted.bytes'
      return uploads
        .innerJoin(downloads('upload', since), 'counted.subject', 'uploads.id')
        .select([
          'uploads.id',
          'uploads.comments',
          'uploads.e2ee',
          'uploads.userId',
          'counted.times',
          'counted.bytes',
          'counted.lastAt',
        ])
        .select((eb) => {
          const stored = eb
            .selectFrom('files')
            .whereRef('files.uploadId', '=', 'uploads.id')
            .where('files.status', '=', 'uploaded')
          return [
            stored.select(eb.fn.countAll<number>().as('files')).as('files'),
            stored.select(total('files.size').as('size')).as('size'),
          ]
        })
        .where(metric, '>', 0)
        .orderBy(metric, 'desc')
        .orderBy('counted.lastAt', 'desc')
        .orderBy('uploads.id')
        .limit(limit)
        .execute()
    },

    trendingFiles: ({ since, limit, now }: Pick<TrendingQuery, 'since' | 'limit' | 'now'>) =>
      liveUploads(now)
        .innerJoin('files', 'files.uploadId', 'uploads.id')
        .innerJoin(downloads('file', since), 'counted.subject', 'files.id')
        .select(['files.id', 'files.uploadId', 'files.name', 'uploads.e2ee', 'uploads.userId', 'files.size'])
        .select(['counted.times', 'counted.lastAt'])
        .where('files.status', '=', 'uploaded')
        .where('counted.times', '>', 0)
        .orderBy('counted.times', 'desc')
        .orderBy('counted.lastAt', 'desc')
        .orderBy('files.id')
        .limit(limit)
        .execute(),
  }
}

const EVERYBODY: Owner = { scope: 'server', id: '' }

/** PostgreSQL sums whole numbers up to a decimal one, and nothing to null. */
const total = (column: string) => sql<number>`cast(coalesce(sum(${sql.ref(column)}), 0) as bigint)`
