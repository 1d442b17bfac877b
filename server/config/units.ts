/** Parsers for sizes and durations in settings and requests. `undefined` means invalid. */

/** `10GB` is 10^10 and `10GiB` 10·2^30, as in Plik; `10G` is `10GB`, a bare number is bytes. */
const SIZE = /^(\d+(?:\.\d+)?) ?(?:([kmgtpe])(i?)b?|b)?$/i

/** Whole bytes below 2^53; `Infinity` for `unlimited` and `-1`. */
export function parseSize(text: string): number | undefined {
  if (isUnlimited(text)) return Number.POSITIVE_INFINITY
  const [match, amount, prefix = '', binary] = SIZE.exec(text) ?? []
  if (match === undefined) return undefined
  const exponent = ' kmgtpe'.indexOf(prefix.toLowerCase())
  const bytes = Math.round(Number(amount) * (binary ? 1024 : 1000) ** exponent)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

const DURATION = /^(?:\d+(?:ms|[smhdw]))+$/
const MS_PER = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** Go's JSON, which Plik's clients parse, rejects dates after the year 9999. */
const LONGEST_DURATION_MS = 1_000 * 365 * MS_PER.d

/** `30d`, `1h30m`, `500ms`; a bare number is seconds. Up to 1000 years; `Infinity` for `unlimited` and `-1`. */
export function parseDurationMs(text: string): number | undefined {
  if (isUnlimited(text)) return Number.POSITIVE_INFINITY
  const withUnit = /^\d+$/.test(text) ? `${text}s` : text
  if (!DURATION.test(withUnit)) return undefined
  let ms = 0
  for (const [, amount, unit] of withUnit.matchAll(/(\d+)([a-z]+)/g)) {
    ms += Number(amount) * MS_PER[unit as keyof typeof MS_PER]
  }
  return ms <= LONGEST_DURATION_MS ? ms : undefined
}

/** Like `parseDurationMs`, in whole seconds: `1500ms` is invalid. */
export function parseDurationSeconds(text: string): number | undefined {
  const ms = parseDurationMs(text)
  return ms === undefined || ms % 1_000 > 0 ? undefined : ms / 1_000
}

const isUnlimited = (text: string): boolean => text === '-1' || text.toLowerCase() === 'unlimited'
