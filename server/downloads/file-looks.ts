import { setTimeout as sleep } from 'node:timers/promises'

/** At this interval a file that is waited for is looked at: it may come in through another replica. */
const INTERVAL_MS = 250

/** Looks at files at intervals, once for all who wait for the same one. `look`: whether it must be waited for still. */
export function createFileLooks<Subject extends { fileId: string }>(look: (subject: Subject) => Promise<boolean>) {
  const pending = new Map<string, Promise<boolean>>()

  /** What the next look finds. Rejects with what `look` throws. */
  function next(subject: Subject): Promise<boolean> {
    const { fileId } = subject
    const known = pending.get(fileId)
    if (known) return known
    const found = sleep(INTERVAL_MS).then(() => look(subject))
    pending.set(fileId, found)
    found.catch(() => {}).finally(() => pending.delete(fileId)) // whoever waited may be gone by now
    return found
  }

  return { next }
}
