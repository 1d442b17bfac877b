import type { Clock } from '../lib/clock.ts'
import type { Downloaded } from '../uploads/upload.ts'
import { type ActivityRecorder, DAY_MS, dayOf } from './activity-recorder.ts'
import type { ActivityRepo, Subject } from './activity-repo.ts'
import type { Owner, StatisticsRepo, TrendingQuery } from './statistics-repo.ts'
import { type Counts, countersOfUpload, FILE_SIZE_BOUNDS, sizeClassOf, usageJson } from './usage.ts'

interface Dependencies {
  activity: ActivityRepo
  repo: StatisticsRepo
  /** Counts in memory are written before statistics are read. */
  recorder: Pick<ActivityRecorder, 'flush'>
  clock: Clock
}

export interface TrendingOptions extends Pick<TrendingQuery, 'sort' | 'limit'> {
  /** Days, including today; undefined: all time. */
  window: number | undefined
  userId?: string | undefined
}

export type Statistics = ReturnType<typeof createStatistics>

/** Statistics in the format of Plik 1.4. */
export function createStatistics({ activity, repo, recorder, clock }: Dependencies) {
  /** Downloads by id of upload and file; without those that were never downloaded. */
  async function downloadsOf(
    uploadIds: readonly string[],
    fileIds: readonly string[],
  ): Promise<Map<string, Downloaded>> {
    await recorder.flush()
    const rows = [...(await activity.totals('upload', uploadIds)), ...(await activity.totals('file', fileIds))]
    return new Map(
      rows.map((row) => [
        row.id,
        { count: row.downloads, bytes: row.downloadedBytes, lastAt: row.lastDownloadAt || undefined },
      ]),
    )
  }

  /** The last `days` days, oldest first, including days without activity. */
  async function daily(subject: Subject, days: number) {
    await recorder.flush()
    const today = dayOf(clock())
    const rows = new Map((await activity.days(subject, today - days + 1)).map((row) => [row.day, row]))
    return Array.from({ length: days }, (_, index) => {
      const day = today - days + 1 + index
      const row = rows.get(day)
      return {
        day: new Date(day * DAY_MS).toISOString().slice(0, 10),
        downloads: row?.downloads ?? 0,
        downloadedBytes: row?.downloadedBytes ?? 0,
        uploads: row?.uploads ?? 0,
        uploadedBytes: row?.uploadedBytes ?? 0,
      }
    })
  }

  /** The usage object. `withWindows`: includes sums of the last 1, 7 and 30 days; `startedAt`: when counting began. */
  async function usage(
    owner: Owner,
    { withWindows, startedAt }: { withWindows: boolean; startedAt?: number | undefined },
  ) {
    const days = withWindows ? await daily(owner, 30) : undefined
    await recorder.flush()
    const [row] = await activity.totals(owner.scope, [owner.id])
    const lifetime = new Map((await activity.usage(owner)).map(({ counter, value }) => [counter, value]))
    const windows = (of: 'downloads' | 'uploads') => {
      const last = (count: number) => (days ?? []).slice(-count).reduce((sum, day) => sum + day[of], 0)
      return days && { today: last(1), last7Days: last(7), last30Days: last(30) }
    }
    return {
      ...(startedAt === undefined ? {} : { startedAt: timeJson(startedAt) }),
      ...(row?.lastUploadAt ? { lastUploadAt: timeJson(row.lastUploadAt) } : {}),
      downloads: { total: row?.downloads ?? 0, bytes: row?.downloadedBytes ?? 0, ...windows('downloads') },
      uploads: { total: row?.uploads ?? 0, bytes: row?.uploadedBytes ?? 0, ...windows('uploads') },
      current: usageJson(await currentCounts(owner)),
      lifetime: usageJson(lifetime),
    }
  }

  async function currentCounts(owner: Owner): Promise<Counts> {
    const counts = new Map<string, number>()
    const add = (counter: string, value: number) => counts.set(counter, (counts.get(counter) ?? 0) + value)
    for (const { uploads, ...kind } of await repo.uploadKinds(owner, clock()))
      for (const counter of countersOfUpload(kind)) add(counter, uploads)
    for (const { below, files, bytes } of await repo.fileSizes(owner, FILE_SIZE_BOUNDS, clock())) {
      add('files', files)
      add('totalSize', bytes)
      add(sizeClassOf(below === null ? Number.MAX_SAFE_INTEGER : below - 1), files)
    }
    return counts
  }

  async function trendingUploads({ window, ...query }: TrendingOptions) {
    await recorder.flush()
    const rows = await repo.trendingUploads({ userId: undefined, ...query, since: sinceOf(window), now: clock() })
    return rows.map(({ id, comments, e2ee, userId, files, size, times, bytes, lastAt }) => ({
      id,
      type: 'upload',
      comments,
      ...(e2ee === null ? {} : { e2ee }),
      ...(userId === null ? {} : { user: userId }),
      size: size ?? 0,
      files: files ?? 0,
      downloadCount: times,
      downloadedBytes: bytes,
      lastDownloadedAt: timeJson(lastAt),
    }))
  }

  async function trendingFiles({ window, limit }: Pick<TrendingOptions, 'window' | 'limit'>) {
    await recorder.flush()
    const rows = await repo.trendingFiles({ limit, since: sinceOf(window), now: clock() })
    return rows.map(({ id, uploadId, name, e2ee, userId, size, times, lastAt }) => ({
      id,
      type: 'file',
      uploadID: uploadId,
      name,
      ...(e2ee === null ? {} : { e2ee }),
      ...(userId === null ? {} : { user: userId }),
      size,
      downloadCount: times,
      downloadedBytes: 0, // as in Plik, which counts bytes by upload only
      lastDownloadedAt: timeJson(lastAt),
    }))
  }

  const sinceOf = (window: number | undefined) => (window === undefined ? undefined : dayOf(clock()) - window + 1)

  return { downloadsOf, daily, usage, trendingUploads, trendingFiles }
}

const timeJson = (epochMs: number): string => new Date(epochMs).toISOString()
