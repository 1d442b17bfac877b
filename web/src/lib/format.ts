import { language } from './language.ts'

/** Formats numbers, sizes and times in the user's language. */

const SIZE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const

/** 1 kB is 1000 bytes, as in the server's limits. */
export function formatBytes(bytes: number): string {
  const power = Math.max(0, Math.min(SIZE_UNITS.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)))
  return number(bytes / 1000 ** power, {
    style: 'unit',
    unit: SIZE_UNITS[power] as string,
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumFractionDigits: power === 0 || bytes / 1000 ** power >= 100 ? 0 : 1,
  })
}

export const formatSpeed = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`

export const formatNumber = (value: number): string => number(value)

export const formatPercent = (share: number): string =>
  number(Math.floor(share * 100) / 100, { style: 'percent', maximumFractionDigits: 0 })

const STEPS = [
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'minute', seconds: 60 },
  { unit: 'second', seconds: 1 },
] as const

/** Formats a duration by its largest unit, with a second one for small numbers: `29 days`, `1 day 4 hours`, `12 minutes`. */
export function formatDuration(seconds: number, width: 'long' | 'short' = 'long'): string {
  const whole = Math.max(0, Math.round(seconds))
  const index = STEPS.findIndex((step) => whole >= step.seconds)
  const step = STEPS[index] ?? STEPS[3]
  const isCoarse = whole >= 3 * step.seconds
  const count = isCoarse ? Math.round(whole / step.seconds) : Math.floor(whole / step.seconds)
  const next = STEPS[index + 1]
  const rest = next && !isCoarse ? Math.floor((whole % step.seconds) / next.seconds) : 0
  const first = unit(count, step.unit, width)
  return next && rest > 0 ? `${first} ${unit(rest, next.unit, width)}` : first
}

export const formatDate = (epochMs: number): string =>
  new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' }).format(epochMs)

/** Formats an elapsed time, precise to the millisecond. */
export function formatElapsed(ms: number): string {
  if (ms < 1_000) return unit(Math.round(ms), 'millisecond', 'short')
  if (ms < 60_000)
    return number(ms / 1000, { style: 'unit', unit: 'second', unitDisplay: 'short', maximumFractionDigits: 1 })
  return formatDuration(ms / 1000)
}

/** A day without its year. */
export const formatDay = (epochMs: number): string =>
  new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short' }).format(epochMs)

const unit = (count: number, name: string, unitDisplay: 'long' | 'short'): string =>
  number(count, { style: 'unit', unit: name, unitDisplay })

/** By language and options. Making a format takes longer than rendering the row of a file in which it is used. */
const formats = new Map<string, Intl.NumberFormat>()

function number(value: number, options: Intl.NumberFormatOptions = {}): string {
  const key = locale() + JSON.stringify(options)
  const format = formats.get(key) ?? new Intl.NumberFormat(locale(), options)
  formats.set(key, format)
  return format.format(value)
}

const locale = (): string => (language.value === 'zh' ? 'zh-CN' : 'en-GB')
