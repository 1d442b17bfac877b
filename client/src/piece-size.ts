/** How much one request carries. */

const MIB = 1024 * 1024
const FIRST_BYTES = MIB
const LARGEST_BYTES = 16 * MIB
const SMALLEST_BYTES = 64 * 1024
/** How long a piece should take. In longer ones progress is rarely confirmed; shorter ones cost too many requests. */
const QUICK_MS = 1_000

export type PieceSizer = ReturnType<typeof createPieceSizer>

/**
 * Starts small and doubles while the line is quick, so that memory and confirmed progress fit the line. `onLimit` is told when a
 * proxy takes no more.
 */
export function createPieceSizer(largest = LARGEST_BYTES, onLimit: (bytes: number) => void = () => {}) {
  let limit = largest
  let bytes = Math.min(FIRST_BYTES, limit)
  return {
    bytes: () => bytes,
    took: (size: number, ms: number): void => {
      if (size >= bytes && ms < QUICK_MS) bytes = Math.min(bytes * 2, limit)
    },
    /** A proxy takes no piece of this size: smaller ones from now on. False: they can't be smaller. */
    refused: (size: number): boolean => {
      if (size <= SMALLEST_BYTES) return false
      limit = Math.min(limit, Math.max(SMALLEST_BYTES, Math.floor(size / 2)))
      bytes = Math.min(bytes, limit)
      onLimit(limit)
      return true
    },
  }
}
