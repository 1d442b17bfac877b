import type { FastifyBaseLogger } from 'fastify'
import type { BlobInfo, BlobKey, BlobStore } from '../../storage/blob-store.ts'
import { chunks } from '../database/chunks.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { StoreOwnership } from './store-ownership.ts'
import type { UploadsRepo } from './uploads-repo.ts'

interface Dependencies {
  knownBlobs: UploadsRepo['knownBlobs']
  assertOwned: StoreOwnership['assertOwned']
  blobs: BlobStore
  /** Younger blobs may still get a row. */
  minAgeMs: number
  clock: Clock
  log: Pick<FastifyBaseLogger, 'error'>
}

const BATCH = 500
const PARALLEL_MOVES = 16
const QUARANTINE_MS = 24 * 60 * 60 * 1000
/** A sweep may always take this many blobs: even in the smallest store a crash can leave some. */
const ALWAYS_ALLOWED = 10
export const DEFAULT_MAX_PERCENT = 5
/** Bounds the memory of a sweep, about 100 bytes for each blob. The next sweep takes the rest. */
const MAX_BLOBS = 100_000

export interface OrphansReport {
  /** Deleted after a day in quarantine. */
  blobs: number
  bytes: number
  /** Moved to quarantine. */
  quarantined: { blobs: number; bytes: number }
  /** Restored from quarantine because a row needs them. */
  restored: number
}

interface Sweep {
  signal?: AbortSignal
  count?: (done: { files: number; bytes: number }) => void
  /** If a larger share of all blobs are orphans, none are moved. */
  maxPercent?: number
}

/** Handles blobs that no row refers to: left by a crash between blob and row, or from another database. */
export function createOrphanSweep({ knownBlobs, assertOwned, blobs, minAgeMs, clock, log }: Dependencies) {
  /**
   * Moves orphans to quarantine, deletes those that have been there for a day, and restores those that a row needs.
   * Throws `conflict` if the store belongs to another database, or if there are too many orphans to be plausible.
   */
  async function removeOrphans({ signal, count, maxPercent }: Sweep = {}): Promise<OrphansReport> {
    await assertOwned()
    const report = { blobs: 0, bytes: 0, quarantined: { blobs: 0, bytes: 0 }, restored: 0 }
    await emptyQuarantine(report, signal)
    const { orphans, orphanCount, blobCount } = await findOrphans(signal)
    assertFew(orphanCount, blobCount, maxPercent ?? DEFAULT_MAX_PERCENT)
    for (const batch of chunks(orphans, PARALLEL_MOVES)) {
      await quarantine(batch, report)
      signal?.throwIfAborted()
    }
    count?.({ files: report.quarantined.blobs, bytes: report.quarantined.bytes })
    return report
  }

  async function emptyQuarantine(report: OrphansReport, signal: AbortSignal | undefined): Promise<void> {
    const before = clock() - QUARANTINE_MS
    for await (const { batch, known } of inBatches(blobs.quarantine.list(), signal)) {
      for (const { key, size, modifiedAt } of batch) {
        if (known.has(key)) await attempt(() => restore(key, report))
        else if (modifiedAt < before) await attempt(() => remove(key, size, report))
      }
    }
  }

  async function restore(key: BlobKey, report: OrphansReport): Promise<void> {
    if (await blobs.quarantine.restore(key)) report.restored += 1
  }

  async function remove(key: BlobKey, size: number, report: OrphansReport): Promise<void> {
    await blobs.quarantine.delete(key)
    report.blobs += 1
    report.bytes += size
  }

  async function findOrphans(signal: AbortSignal | undefined) {
    const before = clock() - minAgeMs
    const found = { orphans: [] as BlobInfo[], orphanCount: 0, blobCount: 0 }
    for await (const { batch, known } of inBatches(blobs.list(), signal)) {
      const unknown = batch.filter(({ key, modifiedAt }) => modifiedAt < before && !known.has(key))
      found.blobCount += batch.length
      found.orphanCount += unknown.length
      if (found.orphans.length < MAX_BLOBS) found.orphans.push(...unknown)
    }
    return found
  }

  async function* inBatches(list: AsyncIterable<BlobInfo>, signal: AbortSignal | undefined) {
    let batch: BlobInfo[] = []
    for await (const blob of list) {
      if (batch.push(blob) < BATCH) continue
      yield { batch, known: await knownBlobs(batch.map(({ key }) => key)) }
      signal?.throwIfAborted()
      batch = []
    }
    yield { batch, known: await knownBlobs(batch.map(({ key }) => key)) }
  }

  async function quarantine(batch: BlobInfo[], { quarantined }: OrphansReport): Promise<void> {
    const moved: BlobInfo[] = []
    const move = async (blob: BlobInfo): Promise<void> => {
      if (await blobs.quarantine.add(blob.key)) moved.push(blob)
    }
    await Promise.all(batch.map((blob) => attempt(() => move(blob))))
    // A row that was committed meanwhile must not wait for the next sweep.
    const needed = await knownBlobs(moved.map(({ key }) => key))
    for (const key of needed) await attempt(async () => void (await blobs.quarantine.restore(key)))
    const taken = moved.filter(({ key }) => !needed.has(key))
    quarantined.blobs += taken.length
    quarantined.bytes += taken.reduce((sum, { size }) => sum + size, 0)
  }

  /** A failure is logged and must not stop the others; the next sweep tries again. */
  async function attempt(work: () => Promise<void>): Promise<void> {
    await work().catch((err: unknown) => log.error({ err }, 'could not move or delete an orphan'))
  }

  return { removeOrphans }
}

const CONFIRM = 'mayfly clean --confirm'

function assertFew(orphans: number, blobs: number, maxPercent: number): void {
  if (orphans <= Math.max(ALWAYS_ALLOWED, (blobs * maxPercent) / 100)) return
  throw new AppError('too_many_orphans', { orphans, files: blobs, percent: maxPercent, command: CONFIRM })
}
