import { parseDurationSeconds, parseSize } from '../../../server/config/units.ts'

/** Limits of users as people write them, in the units of the server's settings. Pure. */

/** `10 GB`, `10GiB`, `500m`; `0`: as for everybody; `-1` or `unlimited`: no limit. Undefined: can't be read. */
export const readSize = (text: string): number | undefined => read(text, parseSize)

/** Seconds, of `30d`, `1h30m`, `2 w`, `0`, `-1`. */
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
