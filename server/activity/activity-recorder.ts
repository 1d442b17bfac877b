import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../lib/clock.ts'
import type { Upload } from '../uploads/upload.ts'
import { type Activity, type ActivityRepo, ALL_TIME, type Subject, type UsageCount } from './activity-repo.ts'
import { choicesOf, countersOfUpload, sizeClassOf } from './usage.ts'

interface Dependencies {
  repo: ActivityRepo
  clock: Clock
  log: Pick<FastifyBaseLogger, 'error'>
}

/** Bytes that were sent of an upload. */
export interface Delivery {
  upload: Upload
  /** The files that were downloaded completely. */
  completed: readonly string[]
  bytes: number
}

/** How long counts wait in memory: a crash loses no more than that. */
const FLUSH_MS = 2_000
/** The largest number of days that statistics can cover, including today. */
export const KEPT_DAYS = 31

export type ActivityRecorder = ReturnType<typeof createActivityRecorder>

/**
 * Counts uploads and downloads in memory, which costs a download almost nothing, and writes the sums to the database
 * every two seconds, many in one statement.
 */
export function createActivityRecorder({ repo, clock, log }: Dependencies) {
  let batch = createBatch()
  let writing: Promise<void> = Promise.resolve()
  let prunedOn = 0
  const timer = setInterval(() => void flush(), FLUSH_MS).unref()

  function uploadCreated(upload: Upload): void {
    const { add, count } = today()
    for (const owner of ownersOf(upload)) {
      add(owner, { uploads: 1, lastUploadAt: clock() })
      for (const counter of countersOfUpload(choicesOf(upload))) count(owner, counter, 1)
    }
  }

  /** Counts a file that was received completely, or a stream that was delivered. */
  function fileReceived(upload: Upload, size: number): void {
    const { add, count } = today()
    for (const owner of ownersOf(upload)) {
      add(owner, { uploadedBytes: size })
      count(owner, 'files', 1)
      count(owner, 'totalSize', size)
      count(owner, sizeClassOf(size), 1)
    }
  }

  /** The bytes of an archive are counted for its upload, since they can't be assigned to files. */
  function delivered({ upload, completed, bytes }: Delivery): void {
    if (bytes === 0 && completed.length === 0) return
    const { add } = today()
    const event = completed.length > 0 ? { downloads: 1, lastDownloadAt: clock() } : {}
    for (const subject of [...ownersOf(upload), { scope: 'upload' as const, id: upload.id }])
      add(subject, { ...event, downloadedBytes: bytes })
    for (const id of completed)
      add({ scope: 'file', id }, { ...event, downloadedBytes: completed.length === 1 ? bytes : 0 })
  }

  /** The batch of the current day; the batch of an earlier day is queued for writing. */
  function today() {
    const day = dayOf(clock())
    if (batch.day !== day) void flush()
    batch.day = day
    return batch
  }

  /** Resolves once all earlier counts are in the database. */
  function flush(): Promise<void> {
    const { day, activity, usage } = batch
    batch = createBatch()
    writing = writing.then(() => write(day, inOrder(activity), inOrder(usage)))
    return writing
  }

  async function write(day: number, activity: Activity[], usage: UsageCount[]): Promise<void> {
    if (activity.length === 0) return
    try {
      await repo.add([...activity, ...activity.map((row) => ({ ...row, day }))], usage)
      if (prunedOn !== day) await repo.prune(day - KEPT_DAYS + 1)
      prunedOn = day
    } catch (err) {
      log.error({ err }, 'could not write statistics')
    }
  }

  function close(): Promise<void> {
    clearInterval(timer)
    return flush()
  }

  return { uploadCreated, fileReceived, delivered, flush, close }
}

export const DAY_MS = 86_400_000
export const dayOf = (epochMs: number): number => Math.floor(epochMs / DAY_MS)

/** The server as a whole, and the owner of the upload. */
function ownersOf({ userId, tokenId }: Upload): Subject[] {
  const owner: Subject = userId === null ? { scope: 'anonymous', id: '' } : { scope: 'user', id: userId }
  const token: Subject[] = tokenId === null ? [] : [{ scope: 'token', id: tokenId }]
  return [{ scope: 'server', id: '' }, owner, ...token]
}

/** A fixed order, so that replicas can't deadlock. */
const inOrder = <T>(rows: ReadonlyMap<string, T>): T[] =>
  [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)

const keyOf = ({ scope, id }: Subject): string => `${scope} ${id}`

function createBatch() {
  const activity = new Map<string, Activity>()
  const usage = new Map<string, UsageCount>()

  function add(subject: Subject, amounts: Partial<Omit<Activity, 'scope' | 'id' | 'day'>>): void {
    const key = keyOf(subject)
    let row = activity.get(key)
    if (!row) {
      row = { ...subject, day: ALL_TIME, ...NOTHING }
      activity.set(key, row)
    }
    row.downloads += amounts.downloads ?? 0
    row.downloadedBytes += amounts.downloadedBytes ?? 0
    row.uploads += amounts.uploads ?? 0
    row.uploadedBytes += amounts.uploadedBytes ?? 0
    row.lastDownloadAt = Math.max(row.lastDownloadAt, amounts.lastDownloadAt ?? 0)
    row.lastUploadAt = Math.max(row.lastUploadAt, amounts.lastUploadAt ?? 0)
  }

  function count(subject: Subject, counter: string, value: number): void {
    const key = `${keyOf(subject)} ${counter}`
    const row = usage.get(key)
    if (row) row.value += value
    else usage.set(key, { ...subject, counter, value })
  }

  return { day: 0, activity, usage, add, count }
}

const NOTHING = {
  downloads: 0,
  downloadedBytes: 0,
  uploads: 0,
  uploadedBytes: 0,
  lastDownloadAt: 0,
  lastUploadAt: 0,
}
