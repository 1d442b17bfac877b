/** How much one request carries. */

const MIB = 1024 * 1024
const FIRST_BYTES = MIB
const LARGEST_BYTES = 16 * MIB
/** How long a piece should take. In longer ones progress is rarely confirmed; shorter ones cost too many requests. */
const QUICK_MS = 1_000

/** Starts small and doubles while the line is quick, so that memory and confirmed progress fit the line. */
export function createPieceSizer(largest = LARGEST_BYTES) {
  let bytes = Math.min(FIRST_BYTES, largest)
  return {
    bytes: () => bytes,
    took: (size: number, ms: number): void => {
      if (size >= bytes && ms < QUICK_MS) bytes = Math.min(bytes * 2, largest)
    },
  }
}
