import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { AppError } from '../lib/errors.ts'

const MAX_MISSES = 10
const MISS_WINDOW_SECONDS = 60

/** Counts misses by key; after ten in a minute even the right password is refused until the minute is over. */
export function createGuessThrottle() {
  const misses = new RateLimiterMemory({ points: MAX_MISSES, duration: MISS_WINDOW_SECONDS })

  /** Throws `too_many_requests`. */
  async function assertAllowed(key: string): Promise<void> {
    const state = await misses.get(key)
    if (state && state.consumedPoints > MAX_MISSES) refuse(state)
  }

  /**
   * A miss is counted before the slow part, so that parallel guesses can't slip through. Throws `too_many_requests`, and
   * what `verify` throws.
   */
  async function guess(key: string, verify: () => Promise<boolean>): Promise<boolean> {
    await misses.consume(key).catch(refuse)
    const isRight = await verify()
    if (isRight) await misses.reward(key)
    return isRight
  }

  return { assertAllowed, guess }
}

function refuse(state: RateLimiterRes): never {
  // The library counts by the wall clock, which may have been set, but deletes its counters by a timer.
  const retryAfterSeconds = Math.min(MISS_WINDOW_SECONDS, Math.max(1, Math.ceil(state.msBeforeNext / 1000)))
  throw new AppError('too_many_wrong_passwords', {}, { retryAfterSeconds })
}
