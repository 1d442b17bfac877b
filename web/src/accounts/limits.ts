import { parseDurationSeconds, parseSize } from '../../../server/config/units.ts'

/** Reads and writes the limits of users, in the units of the server's settings. Pure. */

/** `10 GB`, `10GiB`, `500m`; `0`: the server's default; `-1` or `unlimited`: no limit. Returns undefined if it can't be parsed. */
export const readSize = (text: string): number | undefined => read(text, parseSize)

/** Returns the seconds of `30d`, `1h30m`, `2 w`, `0`, `-1`. */
export const readTime = (text: string): number | undefined => read(text, parseDurationSeconds)

function read(text: string, parse: (text: string) => number | undefined): number | undefined {
  const compact = text
    .trim()
    .toLowerCase()
    .replace(/(?<=\d)\s+(?=[a-z])/g, '')
  const value = compact === '' ? 0 : parse(compact)
  return value === Number.POSITIVE_INFINITY ? -1 : value
}

export const writeSize = (bytes: number): string => write(bytes, { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 })

export const writeTime = (seconds: number): string => write(seconds, { s: 1, m: 60, h: 3_600, d: 86_400 })

/** In the largest unit that needs no fraction. */
function write(value: number, units: Record<string, number>): string {
  if (value <= 0) return String(value)
  const [unit, factor] = Object.entries(units).findLast(([, size]) => value % size === 0) as [string, number]
  return `${value / factor}${unit}`
}
