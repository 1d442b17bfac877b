import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Trx } from '../database/transact.ts'
import type { Clock, SteadyClock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import { createLeaseWatch } from '../lib/lease-watch.ts'
import type { Resumable } from './resumable.ts'
import type { AssertRoom, Progress, ResumablesRepo } from './resumables-repo.ts'

interface Dependencies {
  repo: ResumablesRepo
  clock: Clock
  steady: SteadyClock
  log: Pick<FastifyBaseLogger, 'error'>
}

/** One request's time with a resumable, in which nobody else touches it. */
export interface Turn {
  /** As it is by now. */
  readonly resumable: Resumable
  /** Aborts with `locked` when somebody else wants the turn, or the lease was lost; with `not_found` when the upload has ended. */
  readonly signal: AbortSignal
  /** Throws when the lease has run out unnoticed, as after the process was frozen: somebody else may be writing. */
  assertMine: () => void
  /** Changes `resumable`; the database hears of it when the lease is renewed, or at the end. */
  keep: (progress: Progress) => void
  /** Has the database hear of it now. Throws `locked`: the turn is not ours any more. */
  save: () => Promise<void>
  /** Reserves that many bytes in all. Throws `locked` as `save`, and what `assertRoom` throws. */
  reserve: (bytes: number, assertRoom: AssertRoom) => Promise<void>
  /** Notes what became of it in the transaction that makes it so, which may run twice. Throws `locked` as `save`. */
  settle: (trx: Trx, progress: Progress) => Promise<void>
  /** To be asked, when the lease is renewed, how far it has come. Undefined: no more. */
  reports: (progress: (() => Promise<Progress>) | undefined) => void
  /** Ends the turn; the second time nothing happens. Throws `locked` when it was not ours any more, and nothing was kept. */
  end: () => Promise<void>
  /** Ends the turn and the resumable. False: it was not ours any more. */
  delete: () => Promise<boolean>
}

/** Longer than the event loop of a busy process is ever held up; after a crash the next writer waits this long. */
const LEASE_MS = 10_000
/** How often the lease is renewed and the received bytes are synced: a crash loses no more than that. */
const RENEWAL_MS = 2_000
const POLL_MS = 100
/** After this a client is told to come again. Longer than a lease, so that a crash is waited out. */
const PATIENCE_MS = 13_000

export type Turns = ReturnType<typeof createTurns>

/**
 * Who may write to a resumable: one at a time over all processes, by a lease in the database. Whoever comes displaces who had the turn
 * before, since a connection that its client lost long ago may still look alive to the server.
 */
export function createTurns({ repo, clock, steady, log }: Dependencies) {
  const watch = createLeaseWatch({ durationMs: LEASE_MS, steady })
  /** Until their work is done, which may be more than to release or delete the row. */
  const running = new Map<string, { displace: (reason: AppError) => void; ended: PromiseWithResolvers<void> }>()

  /**
   * Waits for the turn and ends it after `work`. A writer before it is told `reason`. Throws `not_found`; `locked` when the
   * writer that has the turn does not release it in time.
   */
  async function take<T>(id: string, work: (turn: Turn) => Promise<T>, reason = lost()): Promise<T> {
    const turn = await next(id, reason)
    try {
      const result = await work(turn)
      await turn.end()
      return result
    } catch (error) {
      await turn.end().catch(() => {}) // what went wrong first says more
      throw error
    } finally {
      running.get(id)?.ended.resolve()
      running.delete(id)
    }
  }

  async function next(id: string, reason: AppError): Promise<Turn> {
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      await displaceOwn(id, deadline, reason)
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

  /** Ends the turns of writers who died. To be called every few seconds. */
  async function releaseLost(): Promise<void> {
    const lost = watch.lapsed(await repo.listLeases())
    if (lost.length > 0) await repo.takeLeases(lost)
  }

  async function displaceOwn(id: string, deadline: number, reason: AppError): Promise<void> {
    const own = running.get(id)
    if (!own) return
    own.displace(reason)
    const patience = new AbortController()
    const { signal } = patience
    const late = sleep(Math.max(0, deadline - performance.now()), 'late', { signal }).catch(() => 'late')
    if ((await Promise.race([own.ended.promise, late])) === 'late') throw busy()
    patience.abort()
  }

  /** `mineUntil`: by the steady clock. */
  function begin(initial: Resumable, writer: string, mineUntil: number): Turn {
    const { id } = initial
    const displaced = new AbortController()
    const displace = (reason = lost()) => displaced.abort(reason)
    running.set(id, { displace, ended: Promise.withResolvers() })
    let resumable = initial
    let unsaved: Progress = {}
    let leaseUntil = mineUntil
    let report: (() => Promise<Progress>) | undefined
    let renewing: Promise<void> | undefined
    let isEnded = false
    const renewal = setInterval(() => {
      renewing ??= renew()
        .catch((err: unknown) => log.error({ err }, 'could not renew the lease of an unfinished upload'))
        .finally(() => {
          renewing = undefined
        })
    }, RENEWAL_MS)

    function keep(progress: Progress): void {
      resumable = { ...resumable, ...progress }
      unsaved = { ...unsaved, ...progress }
    }

    async function renew(): Promise<void> {
      if (report) keep(await report())
      await note()
    }

    /** False: it is not ours any more. */
    async function note(): Promise<boolean> {
      const until = steady() + LEASE_MS
      const now = clock()
      const renewed = await repo.renew(id, writer, now, now + LEASE_MS, unsaved)
      if (renewed?.isOver) displace(unknownUpload())
      else if (!renewed || renewed.isWanted) displace()
      if (renewed) leaseUntil = until
      return renewed !== undefined
    }

    async function save(): Promise<void> {
      if (!(await note())) throw lost()
    }

    async function reserve(bytes: number, assertRoom: AssertRoom): Promise<void> {
      if (!(await repo.reserve(id, writer, bytes, assertRoom))) throw lost()
      keep({ reserved: bytes })
    }

    async function settle(trx: Trx, progress: Progress): Promise<void> {
      if (!(await repo.settle(trx, id, writer, { ...unsaved, ...progress }))) throw lost()
    }

    function assertMine(): void {
      if (steady() < leaseUntil) return
      displace()
      throw lost()
    }

    /** Even when the database can't be told the turn is over: the lease runs out by itself. */
    async function ending(work: () => Promise<boolean>): Promise<boolean> {
      isEnded = true
      clearInterval(renewal)
      await renewing
      return work()
    }

    async function end(): Promise<void> {
      if (!isEnded && !(await ending(() => repo.release(id, writer, unsaved)))) throw lost()
    }

    return {
      get resumable() {
        return resumable
      },
      signal: displaced.signal,
      assertMine,
      keep,
      save,
      reserve,
      settle,
      reports: (progress) => {
        report = progress
      },
      end,
      delete: () => ending(() => repo.delete(id, writer)),
    }
  }

  return { take, releaseLost }
}

/** It never was, or has ended. */
export const unknownUpload = () => new AppError('not_found', 'there is no such unfinished upload')

const lost = () => new AppError('locked', 'another request took over this upload')

const busy = () => new AppError('locked', 'the upload is being worked on, please try again', { retryAfterSeconds: 1 })
