/** Received bytes: disjoint inclusive [first, last] pairs in ascending order, adjacent ones joined. */
export type ReceivedRanges = readonly (readonly [number, number])[]

/** `ranges` with the bytes from `first` to `last` (inclusive) added. */
export function withRange(ranges: ReceivedRanges, first: number, last: number): ReceivedRanges {
  const before = ranges.filter(([, end]) => end < first - 1)
  const after = ranges.filter(([start]) => start > last + 1)
  const touching = ranges.slice(before.length, ranges.length - after.length)
  const start = Math.min(first, ...touching.map(([from]) => from))
  const end = Math.max(last, ...touching.map(([, to]) => to))
  return [...before, [start, end], ...after]
}

export const isWhole = (ranges: ReceivedRanges, size: number): boolean =>
  size === 0 || (ranges.length === 1 && ranges[0]?.[0] === 0 && ranges[0][1] === size - 1)
