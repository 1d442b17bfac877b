/** Limits of users as people write them. Pure. */

const SIZES: Record<string, number> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 }
const TIMES: Record<string, number> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400 }

/** `10 GB`, `500m`, `0`: as for everybody, `-1`: no limit. Undefined: can't be read. */
export const readSize = (text: string): number | undefined => read(text.replace(/b$/i, ''), SIZES)

/** Seconds, of `30d`, `12 h`, `0`, `-1`. */
export const readTime = (text: string): number | undefined => read(text, TIMES)

function read(text: string, units: Record<string, number>): number | undefined {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed === '-1') return trimmed === '' ? 0 : -1
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]?)$/i.exec(trimmed) ?? []
  const factor = units[unit.toLowerCase()]
  return digits === undefined || factor === undefined ? undefined : Math.round(Number(digits) * factor)
}

export const writeSize = (bytes: number): string =>
  bytes <= 0 ? String(bytes) : `${write(bytes, SIZES).toUpperCase()}B`

export const writeTime = (seconds: number): string => (seconds <= 0 ? String(seconds) : write(seconds, TIMES))

/** In the largest unit that needs no fraction. */
function write(value: number, units: Record<string, number>): string {
  const [unit, factor] = Object.entries(units).findLast(([, size]) => value % size === 0) as [string, number]
  return `${value / factor}${unit}`
}
