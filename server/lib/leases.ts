import type { SteadyClock } from './clock.ts'

/** A lease as everybody sees it in the database. `mark` is another one after each renewal. */
export interface SeenLease {
  id: string
  mark: number
}

interface WatchOptions<Lease> {
  durationMs: number
  steady: SteadyClock
  /** All leases that are held at the time. */
  list: () => Promise<readonly Lease[]>
}

/**
 * Tells leases that their holder stopped renewing from those of a holder who lives. Clocks of several machines differ, and
 * every clock may be set; so moments in the database say nothing. A lease is over once this process has seen it unchanged
 * for its whole duration, by a clock that nobody can set. After a start that takes as long as one lease. Where looks are
 * further apart than half of that, it begins anew: while nobody could look, nobody could renew, as without a database.
 */
export function createLeaseWatch<Lease extends SeenLease>({ durationMs, steady, list }: WatchOptions<Lease>) {
  let seen = new Map<string, { mark: number; since: number }>()
  let lookedAt = Number.NEGATIVE_INFINITY

  /** Those that are over. To be called every few seconds. */
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

  /** Has `take` take those that are over. To be called every few seconds. */
  async function takeLapsed(take: (leases: readonly Lease[]) => Promise<unknown>): Promise<void> {
    const leases = await lapsed()
    if (leases.length > 0) await take(leases)
  }

  return { lapsed, takeLapsed }
}

/** Calls `renew` each `everyMs`, one call at a time, until `stop`, which waits for the call that is under way. */
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
