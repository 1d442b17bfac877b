import type { FastifyBaseLogger } from 'fastify'
import { oneAtATime } from '../../storage/one-at-a-time.ts'
import { AppError, kindOf } from '../lib/errors.ts'
import { createTicker } from '../lib/ticker.ts'
import type { UploadsExpiry } from '../uploads/uploads-expiry.ts'
import { inTime } from './in-time.ts'
import { PURGE_STEPS } from './purge-steps.ts'

interface Dependencies {
  expiry: UploadsExpiry
  expireClaims: () => Promise<number>
  /** Check for leases whose owner has died, see `leases.ts`, and for what a refused upload left. */
  leaseWatches: readonly (() => Promise<unknown>)[]
  log: Pick<FastifyBaseLogger, 'info' | 'error'>
}

/** The longest time that a shutdown waits for a deletion. */
const STOP_GRACE_MS = 3_000
const LOOK_EVERY_MS = 2_000

const NOTHING_PURGED = {
  expired: 0,
  deletedFiles: 0,
  freedBytes: 0,
  deletedUploads: 0,
  lapsedClaims: 0,
  abandonedFiles: 0,
  unfinished: { count: 0, bytes: 0 },
}
type PurgeReport = typeof NOTHING_PURGED

export type Maintenance = ReturnType<typeof createMaintenance>

/**
 * Clean-up without a job: right after something was removed, by command (`mayfly clean`), and when the disk is so full
 * that no job can be recorded. The work is the same as that of the jobs, and may be repeated or killed.
 */
export function createMaintenance({ expiry, expireClaims, leaseWatches, log }: Dependencies) {
  const stopping = new AbortController()
  const deleteBlobs = oneAtATime(() => expiry.deleteBlobs({ signal: stopping.signal }))
  const endUnfinished = oneAtATime(expiry.endUnfinished)
  const purge = oneAtATime(() => purgeNow().catch(freeSpaceAndPurge))
  const background = new Set<Promise<unknown>>()
  const looks = createTicker(LOOK_EVERY_MS, watchLeases)
  let isFailing = false

  async function purgeNow(): Promise<PurgeReport> {
    const report = { ...NOTHING_PURGED }
    for (const { action } of PURGE_STEPS) Object.assign(report, await purgeBy[action]())
    return report
  }

  /** The actions of `job-actions.ts`, but returning numbers instead of a sentence. */
  const purgeBy: Record<(typeof PURGE_STEPS)[number]['action'], () => Promise<Partial<PurgeReport>>> = {
    'purge-abandoned-uploads': async () => ({
      abandonedFiles: await expiry.purgeAbandoned(),
      unfinished: await expiry.removeUnfinished(),
    }),
    'expire-uploads': async () => ({ lapsedClaims: await expireClaims(), expired: await expiry.expire() }),
    'delete-blobs': async () => {
      const { files, bytes } = await deleteBlobs()
      return { deletedFiles: files, freedBytes: bytes }
    },
    'delete-metadata': async () => ({ deletedUploads: await expiry.deleteMetadata() }),
  }

  async function freeSpaceAndPurge(error: unknown) {
    if (kindOf(error) !== 'insufficient_storage') throw error
    await expiry.freeSpace()
    return purgeNow()
  }

  /**
   * Does once what the shipped jobs do within an hour. `maxPercent`: if a larger share of the blobs are orphans, none are
   * moved.
   */
  async function clean({ maxPercent }: { maxPercent?: number } = {}) {
    return { ...(await purge()), orphans: await expiry.removeOrphans(maxPercent === undefined ? {} : { maxPercent }) }
  }

  /** Logs one line for an outage of any length. */
  async function watchLeases(): Promise<void> {
    try {
      for (const look of leaseWatches) await look()
      isFailing = false
    } catch (err) {
      if (!isFailing) log.error({ err }, 'could not check for leases whose owner has died')
      isFailing = true
    }
  }

  function inBackground(work: () => Promise<unknown>): void {
    const failed = (err: unknown): void => {
      if (!stopping.signal.aborted) log.error({ err }, 'maintenance failed')
    }
    const run = work().catch(failed)
    background.add(run)
    void run.then(() => background.delete(run))
  }

  /** The next job deletes what is left. */
  async function close(): Promise<void> {
    looks.stop()
    stopping.abort(new AppError('server_stopped'))
    await inTime(Promise.all(background), stopping.signal, STOP_GRACE_MS).catch((err: unknown) =>
      log.error({ err }, 'a deletion did not stop in time'),
    )
  }

  return {
    clean,
    purge,
    watchLeases,
    /** Starts watching leases. */
    start: looks.start,
    close,
    /** Deletes files that were just removed, and aborts uploads to what was removed or revoked. */
    deleteBlobsSoon: () => {
      inBackground(deleteBlobs)
      inBackground(endUnfinished)
    },
    /** For a disk so full that not even the start of a job can be recorded. */
    makeRoom: () => inBackground(purge),
  }
}
