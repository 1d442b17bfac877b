import { LRUCache } from 'lru-cache'
import { isWhole, type ReceivedRanges, withRange } from './received-ranges.ts'

/** The least recently active readers beyond this number are forgotten. */
const MAX_UNFINISHED = 10_000
/** More than the parallel ranges of any download manager. A reader with more gaps does not download the file. */
const MAX_GAPS = 100

export type DownloadCounter = ReturnType<typeof createDownloadCounter>

/**
 * Tracks which ranges of a file each reader has received, so that ranges count as one download once they cover the file.
 * Players and zip readers that read only its end are not counted. For statistics only: each process keeps its own in
 * memory.
 */
export function createDownloadCounter() {
  const unfinished = new LRUCache<string, ReceivedRanges>({ max: MAX_UNFINISHED })

  /**
   * Adds `count` bytes beginning at `first`. Returns true once `reader` has all `size` bytes (at least one); then the
   * next copy begins.
   */
  function completes(reader: string, size: number, first: number, count: number): boolean {
    if (count === size) return true
    if (count === 0) return false
    const received = withRange(unfinished.get(reader) ?? [], first, first + count - 1)
    unfinished.delete(reader)
    if (isWhole(received, size)) return true
    if (received.length <= MAX_GAPS) unfinished.set(reader, received)
    return false
  }

  return { completes }
}
