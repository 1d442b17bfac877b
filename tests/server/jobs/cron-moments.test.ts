import { describe, expect, test } from 'vitest'
import { assertCron, assertTimeZone, nextMoment } from '../../../server/jobs/cron-moments.ts'

/** The next moments, as UTC. */
function moments(cron: string, timeZone: string, after: string, count: number): (string | undefined)[] {
  let last: number | undefined = Date.parse(after)
  return Array.from({ length: count }, () => {
    last = last === undefined ? undefined : nextMoment(cron, timeZone, last)
    return last === undefined ? undefined : new Date(last).toISOString().replace('.000Z', 'Z')
  })
}

test('a moment is due when the clock of its time zone shows it, and the next one is always later', () => {
  expect(moments('30 6 * * *', 'Asia/Shanghai', '2026-01-01T00:00:00Z', 2)).toEqual([
    '2026-01-01T22:30:00Z',
    '2026-01-02T22:30:00Z',
  ])
  expect(moments('* * * * *', 'UTC', '2026-01-01T00:00:00Z', 2)).toEqual([
    '2026-01-01T00:01:00Z',
    '2026-01-01T00:02:00Z',
  ])
  expect(moments('* * * * *', 'UTC', '2025-12-31T23:59:59.999Z', 1)).toEqual(['2026-01-01T00:00:00Z'])
  expect(moments('*/20 * * * * *', 'UTC', '2026-01-01T00:00:00Z', 3)).toEqual([
    '2026-01-01T00:00:20Z',
    '2026-01-01T00:00:40Z',
    '2026-01-01T00:01:00Z',
  ])
})

test('every field has to fit, the day of the month and the day of the week alike', () => {
  expect(moments('0 0 13 * 5', 'UTC', '2026-01-01T00:00:00Z', 3)).toEqual([
    '2026-02-13T00:00:00Z',
    '2026-03-13T00:00:00Z',
    '2026-11-13T00:00:00Z',
  ])
  expect(moments('0 12 * * 7', 'UTC', '2026-11-23T00:00:00Z', 1)).toEqual(['2026-11-29T12:00:00Z'])
  expect(moments('0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', 2)).toEqual([
    '2028-02-29T00:00:00Z',
    '2032-02-29T00:00:00Z',
  ])
  expect(moments('0 0 29 2 1', 'UTC', '2072-03-01T00:00:00Z', 1)).toEqual(['2112-02-29T00:00:00Z'])
})

describe('when clocks go forward', () => {
  test('a time that is skipped is due at the end of the gap, on that day only', () => {
    expect(moments('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28T01:30:00Z',
      '2026-03-29T01:00:00Z',
      '2026-03-30T00:30:00Z',
    ])
    expect(moments('0 0 * * *', 'America/Sao_Paulo', '2018-11-03T12:00:00Z', 2)).toEqual([
      '2018-11-04T03:00:00Z',
      '2018-11-05T02:00:00Z',
    ])
    expect(moments('15 2 * * *', 'Australia/Lord_Howe', '2026-10-02T20:00:00Z', 2)).toEqual([
      '2026-10-03T15:30:00Z',
      '2026-10-04T15:15:00Z',
    ])
  })

  test('several that are skipped are due once', () => {
    expect(moments('0,30 1-4 * * *', 'Europe/Berlin', '2026-03-29T00:15:00Z', 5)).toEqual([
      '2026-03-29T00:30:00Z',
      '2026-03-29T01:00:00Z',
      '2026-03-29T01:30:00Z',
      '2026-03-29T02:00:00Z',
      '2026-03-29T02:30:00Z',
    ])
  })

  test('what runs in every hour continues as if nothing happened', () => {
    expect(moments('45 * * * *', 'Europe/Berlin', '2026-03-29T00:00:00Z', 3)).toEqual([
      '2026-03-29T00:45:00Z',
      '2026-03-29T01:45:00Z',
      '2026-03-29T02:45:00Z',
    ])
  })
})

describe('when clocks go back', () => {
  test('a time that comes twice is due the first time', () => {
    expect(moments('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00Z',
      '2026-10-26T01:30:00Z',
    ])
  })

  test('what runs in every hour runs in both', () => {
    expect(moments('*/30 * * * *', 'Europe/Berlin', '2026-10-24T23:45:00Z', 6)).toEqual([
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:00:00Z',
      '2026-10-25T01:30:00Z',
      '2026-10-25T02:00:00Z',
      '2026-10-25T02:30:00Z',
    ])
  })

  test('an hour that begins again before midnight is not taken for tomorrow', () => {
    expect(moments('30 * * * *', 'America/Sao_Paulo', '2018-02-18T01:00:00Z', 3)).toEqual([
      '2018-02-18T01:30:00Z',
      '2018-02-18T02:30:00Z',
      '2018-02-18T03:30:00Z',
    ])
  })
})

test.each([
  ['every second', 'expected 5 or 6 fields'],
  ['61 * * * *', 'is a invalid expression for minute'],
  ['0 0 30 2 *', 'impossible'],
  ['0 0 L * *', 'L is not allowed; use numbers, names, ranges and steps'],
])('the expression "%s" is refused, and it is said why', (cron, reason) => {
  expect(() => assertCron(cron)).toThrow(reason)
})

test('an unknown time zone is refused', () => {
  expect(() => assertTimeZone('Europe/Berlin')).not.toThrow()
  expect(() => assertTimeZone('Europe/Atlantis')).toThrow('unknown time zone "Europe/Atlantis"')
})
