import type { FastifyBaseLogger } from 'fastify'
import pLimit from 'p-limit'
import type { BlobStore } from '../../storage/blob-store.ts'
import { chunks } from '../database/chunks.ts'
import type { Clock, SteadyClock } from '../lib/clock.ts'
import { createLeaseWatch, type SeenLease } from '../lib/leases.ts'
import { createOrphanSweep } from './orphans.ts'
import type { StoreOwnership } from './store-ownership.ts'
import type { StoredFile } from './upload.ts'
import type { UploadsExpiryRepo } from './uploads-expiry-repo.ts'
import type { UploadsRepo } from './uploads-repo.ts'

interface Dependencies {
  repo: UploadsExpiryRepo
  /** Returns the keys that some file or derived image still needs. */
  knownBlobs: UploadsRepo['knownBlobs']
  /** Throws if the blobs belong to another database: then none are deleted. */
  assertOwned: StoreOwnership['assertOwned']
  blobs: BlobStore
  /** Temporary files for image processing. */
  spool: Pick<BlobStore, 'sweep'>
  /** Uploads in several requests: `isWanted` returns whether an unfinished blob may still be resumed. */
  resumables: { sweep: () => Promise<Swept>; isWanted: (blobKey: string) => Promise<boolean> }
  clock: Clock
  steady: SteadyClock
  log: Pick<FastifyBaseLogger, 'error'>
}

interface Swept {
  count: number
  bytes: number
}

/**
 * On SQLite a step blocks all other writers: about 20 µs for each upload, and a sync of the log, which takes 5 ms or, on
 * a busy disk, 50 ms. Steps below 500 would not be shorter but would take much longer in total; steps of 2,000 delay a
 * download by 50 ms, steps of 1,000 by 30 ms, at the same speed (`npm run bench -- --only marking`).
 */
const BATCH = 500
const MAX_BATCH = 1_000
const SHORT_STEP_MS = 12
const LONG_STEP_MS = 30
const PARALLEL_DELETES = 16
/** For this long after its expiry, a link returns "has expired" instead of "not found". */
const EXPIRED_NOTICE_MS = 60 * 60 * 1000
/** A file that was not changed for this long has no writer: writers touch their file every ten seconds. */
const ABANDONED_AFTER_MS = 5 * 60 * 1000
/** Younger blobs may still get a row: those of a form are inserted together once the last one was received. */
export const MIN_ORPHAN_AGE_MS = 24 * 60 * 60 * 1000
/** A file that is being received belongs to the process that renews its lease (`uploads-intake.ts`). */
export const WRITER_LEASE_MS = 60_000

/** Lets a job count progress and abort between two batches, by an error. */
export interface Work {
  signal?: AbortSignal
  count?: (done: { rows?: number; files?: number; bytes?: number }) => void
}

export type UploadsExpiry = ReturnType<typeof createUploadsExpiry>

/**
 * Deletes expired and abandoned data. Every function is idempotent, may run concurrently on several replicas, and may be
 * killed at any point.
 */
export function createUploadsExpiry(dependencies: Dependencies) {
  const { repo, assertOwned, blobs, spool, resumables, clock, steady, log } = dependencies
  const writers = createLeaseWatch({ durationMs: WRITER_LEASE_MS, steady, list: repo.listWriting })
  const { removeOrphans } = createOrphanSweep({ ...dependencies, minAgeMs: MIN_ORPHAN_AGE_MS })

  /**
   * Marks expired uploads. Requests for them are rejected from the moment of expiry; the mark only makes them visible to
   * the purge.
   */
  const expire = (work: Work = {}): Promise<number> => inBatches((limit) => repo.expireUploads(clock(), limit), work)

  /** Deletes the bytes of removed files. */
  async function deleteBlobs({ signal, count = () => {} }: Work = {}): Promise<{ files: number; bytes: number }> {
    const total = { files: 0, bytes: 0 }
    const failed = new Set<string>()
    for (;;) {
      const files = (await repo.listRemovedFiles(BATCH + failed.size)).filter(({ id }) => !failed.has(id))
      if (files.length === 0) return total
      await assertOwned()
      const deleted = await deleteBlobsOf(files, signal)
      for (const file of files) if (!deleted.includes(file)) failed.add(file.id)
      await repo.markDeleted(deleted.map(({ id }) => id))
      const bytes = deleted.reduce((sum, { size, blobKey }) => sum + (blobKey === null ? 0 : size), 0)
      total.files += deleted.length
      total.bytes += bytes
      count({ files: deleted.length, bytes })
      signal?.throwIfAborted()
    }
  }

  /**
   * Deletes the bytes of expired uploads without updating the database: a full disk may have no room for that, and would
   * stay full forever. The next purge deletes the rows; it finds no more bytes to delete.
   */
  async function freeSpace(): Promise<void> {
    await assertOwned()
    const now = clock()
    let last: string | undefined = ''
    while (last !== undefined) {
      const files = await repo.listDueFiles(now, last, BATCH)
      await deleteBlobsOf(files)
      last = files.at(-1)?.id
    }
  }

  /** Returns the files whose bytes were all deleted. */
  async function deleteBlobsOf(files: StoredFile[], signal?: AbortSignal): Promise<StoredFile[]> {
    const deleted: StoredFile[] = []
    await pLimit(PARALLEL_DELETES).map(await repo.listBlobs(files), async ([file, keys]) => {
      if (signal?.aborted) return
      try {
        for (const key of keys) await blobs.delete(key)
        deleted.push(file)
      } catch (err) {
        log.error({ err, file: file.id }, 'could not delete a blob')
      }
    })
    return deleted
  }

  /** Deletes the rows of expired and removed uploads. */
  const deleteMetadata = (work: Work = {}): Promise<number> =>
    inBatches((limit) => repo.deleteUploads(clock() - EXPIRED_NOTICE_MS, limit), work)

  /** Releases the slots of files whose writer died; returns how many. */
  const purgeAbandoned = async (work: Work = {}): Promise<number> =>
    inBatchesOf(await findAbandoned(), repo.abandonFiles, work)

  /** To be called every few seconds, because a dead writer is recognised only by a lease that stays unchanged between calls. */
  const findAbandoned = (): Promise<SeenLease[]> => writers.lapsed()

  /** Terminates uploads in several requests that have expired, or whose target was deleted. */
  const endUnfinished = (): Promise<Swept> => resumables.sweep()

  /** Deletes temporary files of failed writes, and unfinished uploads that were not resumed in time. */
  async function removeUnfinished(): Promise<Swept> {
    await assertOwned()
    const before = clock() - ABANDONED_AFTER_MS
    const over = await endUnfinished()
    const unfinished = await blobs.sweep(before, resumables.isWanted)
    const spooled = await spool.sweep(before)
    const all = [over, unfinished, spooled]
    return { count: sum(all.map(({ count }) => count)), bytes: sum(all.map(({ bytes }) => bytes)) }
  }

  return {
    expire,
    deleteBlobs,
    freeSpace,
    deleteMetadata,
    findAbandoned,
    purgeAbandoned,
    endUnfinished,
    removeUnfinished,
    removeOrphans,
  }
}

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0)

/** Yields to other requests between batches. */
async function inBatchesOf<T>(
  items: readonly T[],
  step: (batch: T[]) => Promise<number>,
  { signal, count = () => {} }: Work,
): Promise<number> {
  let total = 0
  for (const batch of chunks(items)) {
    const done = await step(batch)
    total += done
    count({ rows: done })
    signal?.throwIfAborted()
  }
  return total
}

/** Repeats until nothing is left, and yields to other requests between batches; batches grow while they are fast. */
async function inBatches(
  step: (limit: number) => Promise<number>,
  { signal, count = () => {} }: Work,
): Promise<number> {
  let total = 0
  for (let limit = BATCH; ; ) {
    const startedAt = performance.now()
    const done = await step(limit)
    if (done === 0) return total
    total += done
    count({ rows: done })
    signal?.throwIfAborted()
    limit = nextLimit(limit, performance.now() - startedAt)
    await new Promise(setImmediate)
  }
}

/** Doubles or halves, so that few different statements are prepared. */
function nextLimit(limit: number, tookMs: number): number {
  if (tookMs > LONG_STEP_MS) return Math.max(limit / 2, BATCH)
  return tookMs < SHORT_STEP_MS ? Math.min(limit * 2, MAX_BATCH) : limit
}
