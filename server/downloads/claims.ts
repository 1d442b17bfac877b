import type { FastifyBaseLogger } from 'fastify'
import type { ByteRange } from '../../storage/blob-store.ts'
import type { Clock, SteadyClock } from '../clock.ts'
import { createLeaseWatch } from '../lease-watch.ts'
import { BUSY_MS, type Claim, type Claimant, type ClaimsRepo, type Progress } from './claims-repo.ts'
import { cover, isWhole } from './coverage.ts'

interface Dependencies {
  repo: ClaimsRepo
  clock: Clock
  steady: SteadyClock
  /** For so long after its transfer broke, a claim waits for its holder. */
  claimWindowMs: number
  /** Called when files may have become `removed`. */
  onRemoved: () => void
  log: Pick<FastifyBaseLogger, 'error'>
}

const RENEWAL_MS = 20_000
const LAPSE_BATCH = 500
/** A transfer may break and begin anew, but whoever takes all but the last byte again and again is making copies. */
const MAX_COPIES_HANDED_OUT = 2

interface Transfer extends Progress {
  claims: readonly Claim[]
  /** The claims were the holder's before. */
  isResumed: boolean
}

export type Claims = ReturnType<typeof createClaims>

/**
 * Limited downloads. A claim stands for one complete copy: taken by the first real GET in one atomic update, kept for
 * its holder while the transfer is broken, spent when all bytes were handed over or its window has passed.
 */
export function createClaims({ repo, clock, steady, claimWindowMs, onRemoved, log }: Dependencies) {
  const running = new Set<Transfer>()
  const watch = createLeaseWatch({ durationMs: BUSY_MS, steady })
  const renewal = setInterval(() => void renewAll(), RENEWAL_MS).unref()

  const leaseFrom = (now: number) => ({ busyUntil: now + BUSY_MS, expiresAt: now + Math.max(BUSY_MS, claimWindowMs) })

  /**
   * Takes a claim on each file for one download. `deliver` passes the bytes on and must be iterated to its end or
   * returned from, else the claims stay busy for a minute. Throws `locked` (with `retryAfterSeconds`) or `not_found`.
   */
  async function take(fileIds: readonly string[], limit: number, claimant: Claimant, size: number) {
    const now = clock()
    const maxBytes = Math.max(1, MAX_COPIES_HANDED_OUT * size)
    const transfer: Transfer = await repo.take(fileIds, limit, claimant, maxBytes, leaseFrom(now), now)
    running.add(transfer)
    return {
      deliver: (bytes: AsyncIterable<Buffer>, range: ByteRange | undefined) =>
        deliver(transfer, bytes, range ?? { start: 0, end: size - 1 }, size),
    }
  }

  /** Throws what `take` would throw just now, for who only asks. */
  const check = (fileIds: readonly string[], limit: number, claimant: Claimant): Promise<void> =>
    repo.check(fileIds, limit, claimant, clock())

  /**
   * A claim is settled before the last bytes are handed over: spent if they complete the copy, else left to its holder.
   * So a second reader can never be served a copy, the first one sees the file gone as soon as he has all of it, and the
   * holder can ask for his next piece as soon as he has the last. It is undone if these bytes can't be delivered. When
   * not even the first byte can be read, nobody was served anything, and the claims are as if never taken.
   */
  async function* deliver(
    transfer: Transfer,
    bytes: AsyncIterable<Buffer>,
    { start, end }: ByteRange,
    size: number,
  ): AsyncGenerator<Buffer> {
    let position = start
    let hasBegun = false
    let isSpent = false
    let isLeft = false
    let isDelivered = false
    try {
      if (size === 0) {
        await repo.spend(transfer.claims)
        isSpent = true
      }
      for await (const chunk of bytes) {
        const last = position + chunk.length - 1
        const delivered = cover(transfer.delivered, position, last)
        if (!isSpent && isWhole(delivered, size)) {
          await repo.spend(transfer.claims)
          isSpent = true
        } else if (!isSpent && last === end) {
          await leave(transfer, { delivered, handedOut: transfer.handedOut + chunk.length })
          isLeft = true
        }
        hasBegun = true
        yield chunk
        transfer.handedOut += chunk.length
        transfer.delivered = delivered
        position = last + 1
      }
      isDelivered = true
    } finally {
      if (!isDelivered) await undo(transfer, { hasBegun, isSpent, isLeft })
      else if (isSpent) await repo.settle(transfer.claims).catch(logged('could not settle claims'))
      running.delete(transfer)
      if (isSpent) onRemoved()
    }
  }

  async function undo(
    transfer: Transfer,
    state: { hasBegun: boolean; isSpent: boolean; isLeft: boolean },
  ): Promise<void> {
    const { claims, delivered, isResumed } = transfer
    if (state.isSpent) await repo.restore(claims).catch(logged('could not restore claims'))
    if (state.isLeft) await repo.correct(claims, delivered).catch(logged('could not correct claims'))
    else if (state.hasBegun || isResumed) await leave(transfer, transfer).catch(logged('could not release claims'))
    else await repo.giveBack(claims).catch(logged('could not give claims back'))
  }

  /** To the holder, who may come back for the rest of it while the window lasts. */
  function leave(transfer: Transfer, progress: Progress): Promise<void> {
    running.delete(transfer)
    return repo.renew(transfer.claims, progress, { busyUntil: 0, expiresAt: clock() + claimWindowMs })
  }

  async function renewAll(): Promise<void> {
    for (const transfer of running)
      await repo.renew(transfer.claims, transfer, leaseFrom(clock())).catch(logged('could not renew claims'))
  }

  /** Frees claims on which a transfer seems to run, but whose process is gone. To be called every few seconds. */
  async function releaseLost(): Promise<void> {
    const lost = watch.lapsed(await repo.listBusy())
    if (lost.length > 0) await repo.takeLeases(lost)
  }

  /** Spends claims whose holder did not come back in time; returns how many. Transfers that run keep theirs. */
  async function lapse(): Promise<number> {
    await releaseLost()
    let total = 0
    for (;;) {
      const lapsed = await repo.lapse(clock(), LAPSE_BATCH)
      if (lapsed === 0) return total
      total += lapsed
    }
  }

  const logged = (message: string) => (err: unknown) => log.error({ err }, message)

  return { take, check, releaseLost, lapse, close: () => clearInterval(renewal) }
}
