/** Size of the pieces of an upload, each sent in one request. */

const MIB = 1024 * 1024
const FIRST_BYTES = MIB
const LARGEST_BYTES = 16 * MIB
/** No piece is made smaller, even if a proxy rejects it. */
export const SMALLEST_BYTES = 64 * 1024
/** Target duration of a piece. In longer ones progress is rarely confirmed; shorter ones cause too many requests. */
const QUICK_MS = 1_000

export type PieceSizer = ReturnType<typeof createPieceSizer>

/**
 * Starts small and doubles while requests are fast, so that memory use and confirmed progress suit the connection. `onLimit` is
 * called when a proxy rejects a size.
 */
export function createPieceSizer(largest = LARGEST_BYTES, onLimit: (bytes: number) => void = () => {}) {
  let limit = largest
  let bytes = Math.min(FIRST_BYTES, limit)
  return {
    bytes: () => bytes,
    took: (size: number, ms: number): void => {
      if (size >= bytes && ms < QUICK_MS) bytes = Math.min(bytes * 2, limit)
    },
    /** To be called when a proxy rejects a piece of this size: later ones are smaller. Returns false if they can't be smaller. */
    refused: (size: number): boolean => {
      if (size <= SMALLEST_BYTES) return false
      limit = Math.min(limit, Math.max(SMALLEST_BYTES, Math.floor(size / 2)))
      bytes = Math.min(bytes, limit)
      onLimit(limit)
      return true
    },
  }
}
