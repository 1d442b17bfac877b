import type { FastifyBaseLogger } from 'fastify'
import cron from 'node-cron'
import { AppError } from '../errors.ts'
import type { UploadsExpiry } from '../uploads/uploads-expiry.ts'

interface Dependencies {
  expiry: UploadsExpiry
  lapseClaims: () => Promise<number>
  log: Pick<FastifyBaseLogger, 'info' | 'error'>
}

export type Housekeeping = ReturnType<typeof createHousekeeping>

/** When things go: every minute what is over, every hour what crashes left behind. Each part may run twice or be killed. */
export function createHousekeeping({ expiry, lapseClaims, log }: Dependencies) {
  const deleteBlobs = singleFlight(expiry.deleteBlobs)
  const purge = singleFlight(() => purgeNow().catch(freeSpaceAndPurge))
  const sweep = singleFlight(expiry.removeOrphans)
  const running = new Set<Promise<unknown>>()
  const ticks = [
    cron.createTask('* * * * *', () => inBackground(purge), { noOverlap: true }),
    cron.createTask('7 * * * *', () => inBackground(sweep), { noOverlap: true }),
  ]

  async function purgeNow() {
    const lapsedClaims = await lapseClaims()
    const abandoned = await expiry.purgeAbandoned()
    const unfinished = await expiry.removeUnfinished()
    const expired = await expiry.expire()
    const deleted = await deleteBlobs()
    const rows = await expiry.deleteMetadata()
    const report = {
      expired,
      deletedFiles: deleted.files,
      freedBytes: deleted.bytes,
      deletedUploads: rows,
      lapsedClaims,
      abandoned,
      unfinished,
    }
    if (expired + deleted.files + rows + lapsedClaims + abandoned.files + abandoned.uploads + unfinished.count > 0)
      log.info(report, 'purged')
    return report
  }

  async function freeSpaceAndPurge(error: unknown) {
    if (!(error instanceof AppError && error.code === 'insufficient_storage')) throw error
    await expiry.freeSpace()
    return purgeNow()
  }

  /** All of it, once: what the ticks do over an hour. */
  async function clean() {
    return { ...(await purge()), orphans: await sweep() }
  }

  async function inBackground(work: () => Promise<unknown>): Promise<void> {
    const run = work().catch((err: unknown) => log.error({ err }, 'housekeeping failed'))
    running.add(run)
    await run
    running.delete(run)
  }

  function start(): void {
    for (const tick of ticks) void tick.start()
    void inBackground(clean) // what the last process left
  }

  async function stop(): Promise<void> {
    for (const tick of ticks) await tick.destroy()
    await Promise.all(running)
  }

  return { start, stop, clean, purge, deleteBlobsSoon: () => void inBackground(deleteBlobs) }
}

/** Runs never overlap; calls that come while one is running share the next, so that what they wait for is surely seen. */
function singleFlight<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve()
  let queued: Promise<T> | undefined
  function start(): Promise<T> {
    queued = undefined
    const run = work()
    running = run
    return run
  }
  return () => {
    queued ??= running.then(start, start)
    return queued
  }
}
