import { setTimeout as sleep } from 'node:timers/promises'

/** A file may be uploaded through another replica, so the database is polled at this interval. */
const INTERVAL_MS = 250

/**
 * Polls files at an interval, once for all requests that wait for the same file. `look` returns whether they must keep
 * waiting.
 */
export function createFileLooks<Subject extends { fileId: string }>(look: (subject: Subject) => Promise<boolean>) {
  const pending = new Map<string, Promise<boolean>>()

  /** The result of the next poll. Rejects if `look` throws. */
  function next(subject: Subject): Promise<boolean> {
    const { fileId } = subject
    const known = pending.get(fileId)
    if (known) return known
    const found = sleep(INTERVAL_MS).then(() => look(subject))
    pending.set(fileId, found)
    found.catch(() => {}).finally(() => pending.delete(fileId)) // its caller may have disconnected
    return found
  }

  return { next }
}
