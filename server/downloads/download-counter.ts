import { LRUCache } from 'lru-cache'
import { type Coverage, cover, isWhole } from './received-ranges.ts'

/** Of more readers who are in the middle of something, those who were silent for longest are forgotten. */
const MAX_UNFINISHED = 10_000
/** More than any download manager has under way; who leaves more gaps is looking around rather than downloading. */
const MAX_GAPS = 100

export type Copies = ReturnType<typeof createCopies>

/**
 * What each reader has of a file, in parts or after a break, so that it counts as one download once it is complete, and never for those who
 * only look at its end, as players and zip readers do. For counting alone: it is kept in memory, in each process its own.
 */
export function createCopies() {
  const unfinished = new LRUCache<string, Coverage>({ max: MAX_UNFINISHED })

  /** Adds `count` bytes from `first` on. True: now `reader` has all `size` bytes (at least one), and the next copy begins. */
  function completes(reader: string, size: number, first: number, count: number): boolean {
    if (count === size) return true
    if (count === 0) return false
    const covered = cover(unfinished.get(reader) ?? [], first, first + count - 1)
    unfinished.delete(reader)
    if (isWhole(covered, size)) return true
    if (covered.length <= MAX_GAPS) unfinished.set(reader, covered)
    return false
  }

  return { completes }
}
