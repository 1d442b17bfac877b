import type { FastifyBaseLogger } from 'fastify'
import type { ByteRange } from '../../storage/blob-store.ts'
import type { Clock } from '../clock.ts'
import type { Claim, Claimant, ClaimsRepo } from './claims-repo.ts'
import { type Coverage, cover, isWhole } from './coverage.ts'

interface Dependencies {
  repo: ClaimsRepo
  clock: Clock
  /** For so long after its transfer broke, a claim waits for its holder. */
  claimWindowMs: number
  /** Called when files may have become `removed`. */
  onRemoved: () => void
  log: Pick<FastifyBaseLogger, 'error'>
}

/** A transfer whose process died is believed to run for so long; then its holder may go on. */
const BUSY_MS = 60_000
const RENEWAL_MS = 20_000
const LAPSE_BATCH = 500

interface Transfer {
  claims: readonly Claim[]
  delivered: Coverage
  /** The claims were the holder's before. */
  isResumed: boolean
}

export type Claims = ReturnType<typeof createClaims>

/**
 * Limited downloads. A claim stands for one complete copy: taken by the first real GET in one atomic update, kept for
 * its holder while the transfer is broken, spent when all bytes were handed over or its window has passed.
 */
export function createClaims({ repo, clock, claimWindowMs, onRemoved, log }: Dependencies) {
  const running = new Set<Transfer>()
  const renewal = setInterval(() => void renewAll(), RENEWAL_MS).unref()

  const leaseFrom = (now: number) => ({ busyUntil: now + BUSY_MS, expiresAt: now + Math.max(BUSY_MS, claimWindowMs) })

  /**
   * Takes a claim on each file for one download. `deliver` passes the bytes on and must be iterated to its end or
   * returned from, else the claims stay busy for a minute. Throws `locked` (with `retryAfterSeconds`) or `not_found`.
   */
  async function take(fileIds: readonly string[], limit: number, claimant: Claimant, size: number) {
    const now = clock()
    const transfer: Transfer = await repo.take(fileIds, limit, claimant, leaseFrom(now), now)
    running.add(transfer)
    return {
      deliver: (bytes: AsyncIterable<Buffer>, range: ByteRange | undefined) =>
        deliver(transfer, bytes, range?.start ?? 0, size),
      release: () => release(transfer),
    }
  }

  /**
   * The claim is spent before the bytes that complete the copy are handed over, and given back if they can't be: a
   * second reader can thus never be served a copy, and the first one sees the file gone as soon as he has all of it.
   * When not even the first byte can be read, nobody was served anything, and the claims are as if never taken.
   */
  async function* deliver(
    transfer: Transfer,
    bytes: AsyncIterable<Buffer>,
    start: number,
    size: number,
  ): AsyncGenerator<Buffer> {
    let position = start
    let hasBegun = false
    let isSpent = false
    let isDelivered = false
    try {
      if (size === 0) {
        await repo.spend(transfer.claims)
        isSpent = true
      }
      for await (const chunk of bytes) {
        const delivered = cover(transfer.delivered, position, position + chunk.length - 1)
        if (!isSpent && isWhole(delivered, size)) {
          await repo.spend(transfer.claims)
          isSpent = true
        }
        hasBegun = true
        yield chunk
        transfer.delivered = delivered
        position += chunk.length
      }
      isDelivered = isSpent
    } finally {
      if (isSpent && !isDelivered) await repo.restore(transfer.claims).catch(logged('could not restore claims'))
      if (hasBegun || isSpent || transfer.isResumed) await release(transfer)
      else await giveBack(transfer)
      if (isSpent) onRemoved()
    }
  }

  async function release(transfer: Transfer): Promise<void> {
    if (!running.delete(transfer)) return
    const lease = { busyUntil: 0, expiresAt: clock() + claimWindowMs }
    await repo.renew(transfer.claims, transfer.delivered, lease).catch(logged('could not release claims'))
  }

  async function giveBack(transfer: Transfer): Promise<void> {
    running.delete(transfer)
    await repo.giveBack(transfer.claims).catch(logged('could not give claims back'))
  }

  async function renewAll(): Promise<void> {
    for (const transfer of running) {
      await repo.renew(transfer.claims, transfer.delivered, leaseFrom(clock())).catch(logged('could not renew claims'))
    }
  }

  /** Spends claims whose holder did not come back in time; returns how many. */
  async function lapse(): Promise<number> {
    let total = 0
    for (;;) {
      const lapsed = await repo.lapse(clock(), LAPSE_BATCH)
      if (lapsed === 0) return total
      total += lapsed
    }
  }

  const logged = (message: string) => (err: unknown) => log.error({ err }, message)

  return { take, lapse, close: () => clearInterval(renewal) }
}
