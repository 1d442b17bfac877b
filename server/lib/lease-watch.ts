import type { SteadyClock } from './clock.ts'

/** A lease as everybody sees it in the database. `mark` is another one after each renewal. */
export interface SeenLease {
  id: string
  mark: number
}

/**
 * Tells leases that their holder stopped renewing from those of a holder who lives. Clocks of several machines differ, and
 * every clock may be set; so moments in the database say nothing. A lease is over once this process has seen it unchanged
 * for its whole duration, by a clock that nobody can set. After a start that takes as long as one lease. Where looks are
 * further apart than half of that, it begins anew: while nobody could look, nobody could renew, as without a database.
 */
export function createLeaseWatch({ durationMs, steady }: { durationMs: number; steady: SteadyClock }) {
  let seen = new Map<string, { mark: number; since: number }>()
  let lookedAt = Number.NEGATIVE_INFINITY

  /** Those of `leases` that are over. To be called again and again with all leases that are held at the time. */
  function lapsed<Lease extends SeenLease>(leases: readonly Lease[]): Lease[] {
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

  return { lapsed }
}
