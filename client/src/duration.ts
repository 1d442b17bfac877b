import { MayflyError } from './errors.ts'

const SECONDS_PER = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }

/**
 * Returns the seconds of `90s`, `12h`, `1h30m`, `30d`, `2w`, of a bare number of seconds, or -1 for `unlimited`. Throws
 * `MayflyError` `bad_option`.
 */
export function secondsOf(duration: number | string): number {
  if (typeof duration === 'number') return duration
  if (duration === '-1' || duration === 'unlimited') return -1
  const text = /^\d+$/.test(duration) ? `${duration}s` : duration
  if (!/^(?:\d+[smhdw])+$/.test(text))
    throw new MayflyError({ code: 'bad_option', detail: `not a duration such as 90s, 12h or 30d: ${duration}` })
  let seconds = 0
  for (const [, amount, unit] of text.matchAll(/(\d+)([smhdw])/g))
    seconds += Number(amount) * SECONDS_PER[unit as keyof typeof SECONDS_PER]
  return seconds
}
