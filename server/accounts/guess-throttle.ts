import cluster from 'node:cluster'
import { RateLimiterCluster, RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { AppError } from '../lib/errors.ts'

const MAX_MISSES = 10
const MISS_WINDOW_SECONDS = 60

/**
 * Counts failures by key; after ten in a minute even the right password is rejected until the minute is over. Workers
 * share the counters, in the process that supervises them. `name`: unique in the process.
 */
export function createGuessThrottle(name: string) {
  const limits = { keyPrefix: name, points: MAX_MISSES, duration: MISS_WINDOW_SECONDS }
  const misses = cluster.isWorker ? new RateLimiterCluster(limits) : new RateLimiterMemory(limits)

  /** Throws `too_many_requests`. */
  async function assertAllowed(key: string): Promise<void> {
    const state = await misses.get(key)
    if (state && state.consumedPoints > MAX_MISSES) refuse(state)
  }

  /**
   * A guess is counted as a failure before the slow verification, so that parallel guesses can't bypass the limit. Throws
   * `too_many_requests`, and what `verify` throws.
   */
  async function guess(key: string, verify: () => Promise<boolean>): Promise<boolean> {
    await misses.consume(key).catch(refuse)
    const isRight = await verify()
    if (isRight) await misses.reward(key)
    return isRight
  }

  return { assertAllowed, guess }
}

function refuse(state: RateLimiterRes | Error): never {
  if (state instanceof Error) throw state // the supervising process does not respond
  // The library calculates with the wall clock, which may have been changed, but deletes its counters by a timer.
  const retryAfterSeconds = Math.min(MISS_WINDOW_SECONDS, Math.max(1, Math.ceil(state.msBeforeNext / 1000)))
  throw new AppError('too_many_wrong_passwords', {}, { retryAfterSeconds })
}
