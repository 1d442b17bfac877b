import type { SteadyClock } from './clock.ts'

/** A lease as stored in the database. `mark` changes with each renewal. */
export interface SeenLease {
  id: string
  mark: number
}

interface WatchOptions<Lease> {
  durationMs: number
  steady: SteadyClock
  /** Returns all current leases. */
  list: () => Promise<readonly Lease[]>
}

/**
 * Detects leases whose owner has stopped renewing them. Clocks of several machines differ, and any clock may be set, so
 * stored moments are not compared with a clock. A lease has expired once this process has seen it unchanged for its whole
 * duration, by a steady clock. After a start this takes the duration of one lease. If the time between two checks is
 * longer than half of that, it starts over: while this process could not read leases, owners could not renew them
 * either, for example without a database.
 */
export function createLeaseWatch<Lease extends SeenLease>({ durationMs, steady, list }: WatchOptions<Lease>) {
  let seen = new Map<string, { mark: number; since: number }>()
  let lookedAt = Number.NEGATIVE_INFINITY

  /** Returns expired leases. To be called every few seconds. */
  async function lapsed(): Promise<Lease[]> {
    const leases = await list()
    const now = steady()
    const before: typeof seen = now - lookedAt > durationMs / 2 ? new Map() : seen
    lookedAt = now
    seen = new Map()
    return leases.filter(({ id, mark }) => {
      const known = before.get(id)
      const entry = known?.mark === mark ? known : { mark, since: now }
      seen.set(id, entry)
      return now - entry.since >= durationMs
    })
  }

  /** Passes expired leases to `take`. To be called every few seconds. */
  async function takeLapsed(take: (leases: readonly Lease[]) => Promise<unknown>): Promise<void> {
    const leases = await lapsed()
    if (leases.length > 0) await take(leases)
  }

  return { lapsed, takeLapsed }
}

/** Calls `renew` each `everyMs`, one call at a time, until `stop`, which waits for the current call. */
export function keepRenewed(everyMs: number, renew: () => Promise<unknown>, failed: (err: unknown) => void) {
  let renewing: Promise<unknown> | undefined
  const timer = setInterval(() => {
    renewing ??= renew()
      .catch(failed)
      .finally(() => {
        renewing = undefined
      })
  }, everyMs).unref()

  return {
    async stop(): Promise<void> {
      clearInterval(timer)
      await renewing
    },
  }
}
