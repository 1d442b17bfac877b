import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Trx } from '../database/transact.ts'
import type { Clock, SteadyClock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import { createLeaseWatch, keepRenewed } from '../lib/leases.ts'
import type { ResumableUpload } from './resumable-upload.ts'
import type { AssertRoom, Progress, ResumableUploadsRepo } from './resumable-uploads-repo.ts'

interface Dependencies {
  repo: ResumableUploadsRepo
  clock: Clock
  steady: SteadyClock
  log: Pick<FastifyBaseLogger, 'error'>
}

/** The exclusive right of one request to change an unfinished upload. */
export interface UploadLock {
  /** The current state. */
  readonly resumable: ResumableUpload
  /**
   * Aborts with `locked` if another request wants the lock or the lease was lost; with `not_found` if the upload was
   * deleted.
   */
  readonly signal: AbortSignal
  /** Throws if the lease has expired unnoticed, for example because the process was frozen: another request may be writing. */
  assertHeld: () => void
  /** Changes `resumable`; the database is updated when the lease is renewed or the lock is released. */
  update: (progress: Progress) => void
  /** Writes the changes to the database now. Throws `locked`: the lock was lost. */
  save: () => Promise<void>
  /** Increases the reservation to `bytes` in total. Throws `locked` like `save`, and what `assertRoom` throws. */
  reserve: (bytes: number, assertRoom: AssertRoom) => Promise<void>
  /** Writes the changes in a transaction of the caller, which may run twice. Throws `locked` like `save`. */
  commit: (trx: Trx, progress: Progress) => Promise<void>
  /** Sets a function that is called at each renewal of the lease and returns the progress; undefined removes it. */
  onRenewal: (progress: (() => Promise<Progress>) | undefined) => void
  /** Releases the lock; repeated calls do nothing. Throws `locked` if it was lost before, in which case nothing was written. */
  release: () => Promise<void>
  /** Releases the lock and deletes the upload. Returns false if the lock was lost before. */
  delete: () => Promise<boolean>
}

/** Longer than the event loop of a busy process ever blocks; after a crash the next writer waits this long. */
const LEASE_MS = 10_000
/** The interval at which the lease is renewed and the received bytes are synced: a crash loses no more than that. */
const RENEWAL_MS = 2_000
const POLL_MS = 100
/** After this time a client is told to retry. Longer than a lease, so that the lease of a crashed process expires first. */
const MAX_WAIT_MS = 13_000

export type UploadLocks = ReturnType<typeof createUploadLocks>

/**
 * Allows one writer at a time for each unfinished upload, across all processes, by a lease in the database. A new request
 * makes the earlier one release the lock, since to the server a connection that its client lost long ago may still look
 * alive.
 */
export function createUploadLocks({ repo, clock, steady, log }: Dependencies) {
  const watch = createLeaseWatch({ durationMs: LEASE_MS, steady, list: repo.listLeases })
  /** Locks of this process, kept until their work is done, which may be later than the release or deletion of the row. */
  const running = new Map<string, { requestRelease: (reason: AppError) => void; ended: PromiseWithResolvers<void> }>()

  /**
   * Waits for the lock and releases it after `work`. The request that has the lock is aborted with `reason`. Throws
   * `not_found`; `locked` if it does not release the lock in time.
   */
  async function withLock<T>(id: string, work: (lock: UploadLock) => Promise<T>, reason = lost()): Promise<T> {
    const lock = await acquire(id, reason)
    try {
      const result = await work(lock)
      await lock.release()
      return result
    } catch (error) {
      await lock.release().catch(() => {}) // the first error is the more useful one
      throw error
    } finally {
      running.get(id)?.ended.resolve()
      running.delete(id)
    }
  }

  async function acquire(id: string, reason: AppError): Promise<UploadLock> {
    const deadline = performance.now() + MAX_WAIT_MS
    for (;;) {
      await requestOwnRelease(id, deadline, reason)
      const writer = newId()
      const startedAt = steady()
      const resumable = await repo.acquire(id, writer, clock() + LEASE_MS)
      if (resumable) return begin(resumable, writer, startedAt + LEASE_MS)
      if (!(await repo.find(id))) throw unknownUpload()
      if (performance.now() >= deadline) throw busy()
      if (running.has(id)) continue
      await repo.want(id)
      await sleep(POLL_MS)
      await releaseLost()
    }
  }

  /** Releases the locks of dead writers. To be called every few seconds. */
  const releaseLost = (): Promise<void> => watch.takeLapsed(repo.takeLeases)

  async function requestOwnRelease(id: string, deadline: number, reason: AppError): Promise<void> {
    const own = running.get(id)
    if (!own) return
    own.requestRelease(reason)
    const waiting = new AbortController()
    const { signal } = waiting
    const late = sleep(Math.max(0, deadline - performance.now()), 'late', { signal }).catch(() => 'late')
    if ((await Promise.race([own.ended.promise, late])) === 'late') throw busy()
    waiting.abort()
  }

  /** `heldUntil` is a time of the steady clock. */
  function begin(initial: ResumableUpload, writer: string, heldUntil: number): UploadLock {
    const { id } = initial
    const releaseRequest = new AbortController()
    const requestRelease = (reason = lost()) => releaseRequest.abort(reason)
    running.set(id, { requestRelease, ended: Promise.withResolvers() })
    let resumable = initial
    let unsaved: Progress = {}
    let leaseUntil = heldUntil
    let report: (() => Promise<Progress>) | undefined
    let isReleased = false
    const renewal = keepRenewed(RENEWAL_MS, renew, (err) =>
      log.error({ err }, 'could not renew the lease of an unfinished upload'),
    )

    function update(progress: Progress): void {
      resumable = { ...resumable, ...progress }
      unsaved = { ...unsaved, ...progress }
    }

    async function renew(): Promise<void> {
      if (report) update(await report())
      await note()
    }

    /** Returns false if the lock was lost. */
    async function note(): Promise<boolean> {
      const until = steady() + LEASE_MS
      const now = clock()
      const renewed = await repo.renew(id, writer, now, now + LEASE_MS, unsaved)
      if (renewed?.isOver) requestRelease(unknownUpload())
      else if (!renewed || renewed.isWanted) requestRelease()
      if (renewed) leaseUntil = until
      return renewed !== undefined
    }

    async function save(): Promise<void> {
      if (!(await note())) throw lost()
    }

    async function reserve(bytes: number, assertRoom: AssertRoom): Promise<void> {
      if (!(await repo.reserve(id, writer, bytes, assertRoom))) throw lost()
      update({ reserved: bytes })
    }

    async function commit(trx: Trx, progress: Progress): Promise<void> {
      if (!(await repo.settle(trx, id, writer, { ...unsaved, ...progress }))) throw lost()
    }

    function assertHeld(): void {
      if (steady() < leaseUntil) return
      requestRelease()
      throw lost()
    }

    /** The lock counts as released even if the database can't be reached: the lease then expires. */
    async function stopRenewal(work: () => Promise<boolean>): Promise<boolean> {
      isReleased = true
      await renewal.stop()
      return work()
    }

    async function release(): Promise<void> {
      if (!isReleased && !(await stopRenewal(() => repo.release(id, writer, unsaved)))) throw lost()
    }

    return {
      get resumable() {
        return resumable
      },
      signal: releaseRequest.signal,
      assertHeld,
      update,
      save,
      reserve,
      commit,
      onRenewal: (progress) => {
        report = progress
      },
      release,
      delete: () => stopRenewal(() => repo.delete(id, writer)),
    }
  }

  return { withLock, releaseLost }
}

/** The upload never existed, or was deleted. */
export const unknownUpload = () => new AppError('unfinished_upload_not_found')

const lost = () => new AppError('upload_taken_over')

const busy = () => new AppError('upload_busy', {}, { retryAfterSeconds: 1 })
