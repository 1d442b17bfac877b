import type { FastifyBaseLogger } from 'fastify'
import type { ByteRange } from '../../storage/blob-store.ts'
import type { Clock, SteadyClock } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import { createLeaseWatch, keepRenewed } from '../lib/leases.ts'
import { BUSY_MS, type Claim, type Claimant, type ClaimsRepo, type Transferred } from './claims-repo.ts'

interface Dependencies {
  repo: ClaimsRepo
  clock: Clock
  steady: SteadyClock
  /** How long a claim is kept for its downloader after its transfer broke off. */
  claimWindowMs: number
  /** Called when files may have become `removed`. */
  onRemoved: () => void
  log: Pick<FastifyBaseLogger, 'error'>
}

const RENEWAL_MS = 20_000
/** How long a download manager may still request bytes that it seems to have received. */
const ENDING_MS = 60_000
const BATCH = 500
/** A transfer may break off and start again, but a downloader that repeatedly takes all but the last byte is making copies. */
const MAX_COPIES_HANDED_OUT = 2

/** The requested part of a download. */
interface Requested {
  range: ByteRange
  /** The request is a probe: where the rest is not available, the first byte is enough. */
  isLook: boolean
}

interface Transfer extends Transferred {
  claims: readonly Claim[]
  /** The downloader had these claims before this request. */
  isResumed: boolean
}

/** Resolves once the outcome is known: whether everything handed to the connection arrived. */
export type Receipt = () => Promise<boolean>

export type Claims = ReturnType<typeof createClaims>

/**
 * Limited downloads. A claim is the right to one complete copy: the first real GET takes it in one atomic update, it is
 * kept for its downloader while the transfer is interrupted, and it is spent when all bytes were handed over or its
 * window has passed. The network may still lose bytes that it accepted, so a spent claim can be restored until the
 * connection has confirmed delivery.
 */
export function createClaims({ repo, clock, steady, claimWindowMs, onRemoved, log }: Dependencies) {
  const running = new Set<Transfer>()
  /** Transfers that handed over all bytes and whose delivery is not confirmed yet. */
  const unconfirmed = new Map<Transfer, Promise<void>>()
  const watch = createLeaseWatch({ durationMs: BUSY_MS, steady, list: repo.listBusy })
  const logged = (message: string) => (err: unknown) => log.error({ err }, message)
  const renewal = keepRenewed(RENEWAL_MS, renewAll, logged('could not renew claims'))

  const leaseFrom = (now: number) => ({ busyUntil: now + BUSY_MS, expiresAt: now + Math.max(BUSY_MS, claimWindowMs) })

  /** The lease of a claim without a running transfer; its downloader may resume within the window. */
  const idleFrom = (now: number) => ({ busyUntil: 0, expiresAt: now + claimWindowMs })

  /**
   * Takes a claim on each file for one download. Returns `range`, the bytes that the downloader may have, and `deliver`,
   * which passes those bytes on and must be iterated to its end or returned from; otherwise the claims stay busy for a
   * minute. Throws `locked` (with `retryAfterSeconds`) or `not_found`.
   */
  async function take(
    fileIds: readonly string[],
    limit: number,
    claimant: Claimant,
    size: number,
    { range: { start, end }, isLook }: Requested,
  ) {
    const now = clock()
    const wanted = { start, length: end - start + 1, isLook, maxBytes: Math.max(1, MAX_COPIES_HANDED_OUT * size) }
    const { length, ...taken } = await repo.take(fileIds, limit, claimant, wanted, leaseFrom(now), now)
    const transfer: Transfer = { ...taken, handover: { transfer: newId(), first: start, last: start - 1 } }
    running.add(transfer)
    const range = { start, end: start + length - 1 }
    return {
      range,
      deliver: (bytes: AsyncIterable<Buffer>, receipt: Receipt) => deliver(transfer, bytes, range.end, size, receipt),
    }
  }

  /** Throws what `take` would throw now, without taking a claim. */
  const check = (fileIds: readonly string[], limit: number, claimant: Claimant): Promise<void> =>
    repo.check(fileIds, limit, claimant, clock())

  /**
   * A claim is settled before the last bytes are handed over: it is spent if they complete the copy, otherwise it is kept
   * for its downloader. So a second downloader can never get the same copy, the first one gets 404 as soon as it has all
   * bytes, and it can request the next piece as soon as it has the last. This is undone if the bytes are lost. If not
   * even the first byte can be read, the claims are released.
   */
  async function* deliver(
    transfer: Transfer,
    bytes: AsyncIterable<Buffer>,
    end: number,
    size: number,
    receipt: Receipt,
  ): AsyncGenerator<Buffer> {
    const { handover } = transfer
    let hasBegun = false
    let isSent = false
    try {
      if (size === 0) await handOver(transfer, size)
      for await (const chunk of bytes) {
        handover.last += chunk.length // before it is known how much the connection accepts
        transfer.handedOut += chunk.length
        if (handover.last === end) await handOver(transfer, size)
        hasBegun = true
        yield chunk
      }
      isSent = true
    } finally {
      if (!running.delete(transfer)) conclude(transfer, isSent ? receipt : async () => false)
      else if (hasBegun || transfer.isResumed) await release(transfer)
      else await repo.giveBack(transfer.claims).catch(logged('could not release claims'))
    }
  }

  async function handOver(transfer: Transfer, size: number): Promise<void> {
    const now = clock()
    const ending = { busyUntil: 0, expiresAt: now + Math.min(ENDING_MS, claimWindowMs) }
    await repo.handOver(transfer.claims, transfer, size, { idle: idleFrom(now), ending })
    running.delete(transfer)
  }

  function conclude(transfer: Transfer, receipt: Receipt): void {
    const concluded = settle(transfer, receipt)
      .catch(logged('could not settle claims'))
      .finally(() => unconfirmed.delete(transfer))
    unconfirmed.set(transfer, concluded)
  }

  async function settle({ claims, handover }: Transfer, receipt: Receipt): Promise<void> {
    if (!(await receipt())) await repo.lose(claims, handover.transfer, idleFrom(clock()))
    else if (!(await repo.confirm(claims, handover.transfer))) return
    onRemoved()
  }

  async function release(transfer: Transfer): Promise<void> {
    await repo.release(transfer.claims, transfer, idleFrom(clock())).catch(logged('could not release claims'))
  }

  async function renewAll(): Promise<void> {
    for (const transfer of running)
      await repo.renew(transfer.claims, transfer, leaseFrom(clock())).catch(logged('could not renew claims'))
    for (const { claims } of unconfirmed.keys())
      await repo.keep(claims, leaseFrom(clock()).busyUntil).catch(logged('could not keep claims'))
  }

  /** Releases claims that are marked busy although their process has died. To be called every few seconds. */
  const releaseLost = (): Promise<void> => watch.takeLapsed(repo.takeLeases)

  /** Spends claims whose downloader did not resume in time; returns how many. Claims with a running transfer are kept. */
  async function expire(): Promise<number> {
    await releaseLost()
    let total = 0
    for (;;) {
      const count = await repo.lapse(clock(), BATCH)
      if (count === 0) return total
      total += count
    }
  }

  async function close(): Promise<void> {
    await renewal.stop()
    await Promise.all(unconfirmed.values())
  }

  return { take, check, releaseLost, expire, close }
}
