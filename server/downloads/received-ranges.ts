/** Which bytes were handed over: disjoint inclusive [first, last] pairs in ascending order, neighbours joined. */
export type Coverage = readonly (readonly [number, number])[]

/** `coverage` with the bytes from `first` to `last` (inclusive) added. */
export function cover(coverage: Coverage, first: number, last: number): Coverage {
  const before = coverage.filter(([, end]) => end < first - 1)
  const after = coverage.filter(([start]) => start > last + 1)
  const touching = coverage.slice(before.length, coverage.length - after.length)
  const start = Math.min(first, ...touching.map(([from]) => from))
  const end = Math.max(last, ...touching.map(([, to]) => to))
  return [...before, [start, end], ...after]
}

export const isWhole = (coverage: Coverage, size: number): boolean =>
  size === 0 || (coverage.length === 1 && coverage[0]?.[0] === 0 && coverage[0][1] === size - 1)
