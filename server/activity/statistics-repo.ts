import { type Kysely, sql } from 'kysely'
import type { ActivityScope, Flag, Schema } from '../database/schema.ts'
import { ALL_TIME, type Subject } from './activity-repo.ts'

/** Which uploads are meant: `server` all of them. */
export type Owner = Subject & { scope: Exclude<ActivityScope, 'upload' | 'file'> }

export interface TrendingQuery {
  /** Days since the epoch, this one included; undefined: since ever. */
  since: number | undefined
  sort: 'downloads' | 'downloaded_bytes'
  /** Whose; undefined: everybody's. */
  userId: string | undefined
  limit: number
  now: number
}

export type StatisticsRepo = ReturnType<typeof createStatisticsRepo>

/** Questions about all that is there at the moment. */
export function createStatisticsRepo({ db }: { db: Kysely<Schema> }) {
  const liveUploads = (now: number) =>
    db
      .selectFrom('uploads')
      .where('uploads.status', '=', 'active')
      .where((eb) => eb.or([eb('uploads.expires_at', 'is', null), eb('uploads.expires_at', '>', now)]))

  const uploadsOf = ({ scope, id }: Owner, now: number) => {
    const uploads = liveUploads(now)
    if (scope === 'server') return uploads
    if (scope === 'anonymous') return uploads.where('uploads.user_id', 'is', null)
    return uploads.where(scope === 'user' ? 'uploads.user_id' : 'uploads.token_id', '=', id)
  }

  /** Downloads by subject, in the days asked for. */
  const downloads = (scope: 'upload' | 'file', since: number | undefined) =>
    db
      .selectFrom('activity')
      .select(({ fn }) => [
        'id as subject',
        total('downloads').as('times'),
        total('downloaded_bytes').as('bytes'),
        fn.max('last_download_at').as('last_at'),
      ])
      .where('scope', '=', scope)
      .where('day', since === undefined ? '=' : '>=', since ?? ALL_TIME)
      .groupBy('id')
      .as('counted')

  return {
    /** How many live uploads there are of each kind. */
    uploadKinds: (owner: Owner, now: number) =>
      uploadsOf(owner, now)
        .select(['removable', 'one_shot', 'stream', 'extend_ttl', 'e2ee', 'ttl_seconds'])
        .select((eb) => [
          eb.cast<Flag>(eb('password_hash', 'is not', null), 'integer').as('has_password'),
          eb.cast<Flag>(eb('comments', '<>', ''), 'integer').as('has_comments'),
          eb.fn.countAll<number>().as('uploads'),
        ])
        .groupBy([
          'removable',
          'one_shot',
          'stream',
          'extend_ttl',
          'e2ee',
          'ttl_seconds',
          'has_password',
          'has_comments',
        ])
        .execute(),

    /** How many files are stored in live uploads, by the first of `bounds` (ascending) that is above their size. */
    fileSizes: (owner: Owner, bounds: readonly number[], now: number) => {
      const cases = bounds.map((bound) => sql`when files.size < ${sql.lit(bound)} then ${sql.lit(bound)}`)
      return uploadsOf(owner, now)
        .innerJoin('files', 'files.upload_id', 'uploads.id')
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
          'uploads.user_id',
          'counted.times',
          'counted.bytes',
          'counted.last_at',
        ])
        .select((eb) => {
          const stored = eb
            .selectFrom('files')
            .whereRef('files.upload_id', '=', 'uploads.id')
            .where('files.status', '=', 'uploaded')
          return [
            stored.select(eb.fn.countAll<number>().as('files')).as('files'),
            stored.select(total('files.size').as('size')).as('size'),
          ]
        })
        .where(metric, '>', 0)
        .orderBy(metric, 'desc')
        .orderBy('counted.last_at', 'desc')
        .orderBy('uploads.id')
        .limit(limit)
        .execute()
    },

    trendingFiles: ({ since, limit, now }: Pick<TrendingQuery, 'since' | 'limit' | 'now'>) =>
      liveUploads(now)
        .innerJoin('files', 'files.upload_id', 'uploads.id')
        .innerJoin(downloads('file', since), 'counted.subject', 'files.id')
        .select(['files.id', 'files.upload_id', 'files.name', 'uploads.e2ee', 'uploads.user_id', 'files.size'])
        .select(['counted.times', 'counted.last_at'])
        .where('files.status', '=', 'uploaded')
        .where('counted.times', '>', 0)
        .orderBy('counted.times', 'desc')
        .orderBy('counted.last_at', 'desc')
        .orderBy('files.id')
        .limit(limit)
        .execute(),
  }
}

const EVERYBODY: Owner = { scope: 'server', id: '' }

/** PostgreSQL sums whole numbers up to a decimal one, and nothing to null. */
const total = (column: string) => sql<number>`cast(coalesce(sum(${sql.ref(column)}), 0) as bigint)`
