import type { FastifyBaseLogger } from 'fastify'
import pLimit from 'p-limit'
import type { BlobStore } from '../../storage/blob-store.ts'
import { chunks } from '../database/chunks.ts'
import type { Clock, SteadyClock } from '../lib/clock.ts'
import { createLeaseWatch } from '../lib/leases.ts'
import { createOrphanSweep } from './orphans.ts'
import type { StoreOwnership } from './store-ownership.ts'
import type { StoredFile } from './upload.ts'
import type { UploadsExpiryRepo } from './uploads-expiry-repo.ts'
import type { UploadsRepo } from './uploads-repo.ts'

interface Dependencies {
  repo: UploadsExpiryRepo
  /** Which of these keys some file or derived image still needs. */
  knownBlobs: UploadsRepo['knownBlobs']
  /** Throws when the blobs belong to another database: then none is deleted. */
  assertOwned: StoreOwnership['assertOwned']
  blobs: BlobStore
  /** Where images lie while they are worked on. */
  spool: Pick<BlobStore, 'sweep'>
  /** Uploads that come in over several requests: `isWanted` says whether an unfinished blob may still be resumed. */
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
 * On SQLite a step holds up everybody else: about 20 µs an upload, and a sync of the log, which takes 5 ms or, on a busy disk,
 * 50. Steps below 500 would not be shorter then, and the whole much longer; those of 2,000 let a download wait for 50 ms, those of
 * 1,000 for 30, at the same speed (`npm run bench -- --only marking`).
 */
const BATCH = 500
const MAX_BATCH = 1_000
const SHORT_STEP_MS = 12
const LONG_STEP_MS = 30
const PARALLEL_DELETES = 16
/** How long after its end a link still says "has expired" rather than "not found". */
const EXPIRED_NOTICE_MS = 60 * 60 * 1000
/** A file that was not added to for this long is not being written any more: a writer's file is touched every ten seconds. */
const ABANDONED_AFTER_MS = 5 * 60 * 1000
/** A file that comes in belongs to whoever renews its lease (`uploads-intake.ts`). */
export const WRITER_LEASE_MS = 60_000

/** How somebody else follows what is done, and ends it early: between two batches, by an error. */
export interface Work {
  signal?: AbortSignal
  count?: (done: { rows?: number; files?: number; bytes?: number }) => void
}

export type UploadsExpiry = ReturnType<typeof createUploadsExpiry>

/** How things go: every function is safe to run twice, at once, on several replicas, and to be killed in. */
export function createUploadsExpiry(dependencies: Dependencies) {
  const { repo, assertOwned, blobs, spool, resumables, clock, steady, log } = dependencies
  const writers = createLeaseWatch({ durationMs: WRITER_LEASE_MS, steady, list: repo.listWriting })
  const forms = createLeaseWatch({ durationMs: ABANDONED_AFTER_MS, steady, list: repo.listPending })
  const { removeOrphans } = createOrphanSweep({ ...dependencies, minAgeMs: ABANDONED_AFTER_MS })

  /** Marks uploads whose time is up. Readers have been refused since that very moment; this only lets the purge see them. */
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
   * Deletes the bytes of expired uploads without a note in the database: a disk can be so full that there is no room for one,
   * and would stay full for ever. Rows follow with the next purge, which finds nothing left to delete.
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

  /** Returns the files of which nothing is left. */
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

  /** Deletes the rows of uploads that are over. */
  const deleteMetadata = (work: Work = {}): Promise<number> =>
    inBatches((limit) => repo.deleteUploads(clock() - EXPIRED_NOTICE_MS, limit), work)

  /** Ends uploads whose writer died: gives slots back, takes back quick uploads that never got their answer. */
  async function purgeAbandoned(work: Work = {}): Promise<{ files: number; uploads: number }> {
    const { files, uploads } = await findAbandoned()
    return {
      files: await inBatchesOf(files, repo.abandonFiles, work),
      uploads: await inBatchesOf(uploads, repo.abandonUploads, work),
    }
  }

  /** To be called every few seconds, so that it is known whose writer is gone when that is asked. */
  async function findAbandoned() {
    return { files: await writers.lapsed(), uploads: await forms.lapsed() }
  }

  /** Ends uploads in several requests whose time is up, or that lost what they were for. */
  const endUnfinished = (): Promise<Swept> => resumables.sweep()

  /** Deletes the remains of broken writes, and unfinished uploads that were not continued in time. */
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

/** Lets other requests in between. */
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

/** Repeats until nothing is left, letting other requests in between; in larger steps where there is time for them. */
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

/** Doubled or halved, so that there are few different statements to prepare. */
function nextLimit(limit: number, tookMs: number): number {
  if (tookMs > LONG_STEP_MS) return Math.max(limit / 2, BATCH)
  return tookMs < SHORT_STEP_MS ? Math.min(limit * 2, MAX_BATCH) : limit
}
