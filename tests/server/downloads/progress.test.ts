import { describe, expect, test } from 'vitest'
import {
  confirm,
  handOver,
  isHandedOver,
  isPending,
  isUnconfirmed,
  lose,
  type Progress,
  resumeAt,
  seemsHandedOver,
} from '../../../server/downloads/progress.ts'

const NOTHING: Progress = { delivered: [], handovers: [], handedOut: 0 }

const handed = (transfer: string, first: number, last: number, progress = NOTHING): Progress =>
  handOver(progress, { transfer, first, last }, progress.handedOut + last - first + 1)

test('what was handed over counts as a copy until its connection is lost', () => {
  const whole = handed('b', 5, 9, handed('a', 0, 4))

  expect(isHandedOver(whole, 10)).toBe(true)
  expect(isHandedOver(lose(whole, 'a'), 10)).toBe(false)
  expect(isHandedOver(lose(confirm(whole, 'a'), 'a'), 10)).toBe(true)
})

test('a transfer is noted once, however often it is noted', () => {
  const noted = handed('a', 0, 7, handed('a', 0, 4))

  expect(noted.handovers).toEqual([{ transfer: 'a', first: 0, last: 7 }])
  expect([isPending(noted, 'a'), isPending(noted, 'b')]).toEqual([true, false])
})

test('an empty file is handed over, and its transfer can be confirmed', () => {
  const empty = handed('a', 0, -1)

  expect([isHandedOver(empty, 0), isUnconfirmed(empty), isUnconfirmed(confirm(empty, 'a'))]).toEqual([
    true,
    true,
    false,
  ])
  expect(lose(empty, 'a').handovers).toEqual([])
})

describe('a downloader that resumes', () => {
  const lost = lose(handed('a', 0, 9), 'a')

  test('seems to have what was handed over before that point', () => {
    const rest = handed('b', 6, 19, resumeAt(lost, 6))

    expect([isHandedOver(rest, 20), seemsHandedOver(rest, 20)]).toEqual([false, true])
    expect(seemsHandedOver(handed('b', 7, 19, resumeAt(lost, 6)), 20)).toBe(false)
  })

  test('may ask for less of that later, by another connection', () => {
    const rest = handed('b', 8, 19, resumeAt(lost, 8))

    expect(seemsHandedOver(resumeAt(rest, 4), 20)).toBe(false)
    expect(isHandedOver(handed('c', 0, 7, rest), 20)).toBe(true)
  })

  test('at the very end of what it was handed seems to have all of that', () => {
    expect(seemsHandedOver(handed('b', 10, 19, resumeAt(lost, 10)), 20)).toBe(true)
  })

  test('from the start, or beyond what it was handed, says nothing about it', () => {
    expect([resumeAt(lost, 0), resumeAt(lost, 11)]).toEqual([lost, lost])
  })

  test('within a transfer that is still open says nothing either', () => {
    const open = handed('a', 0, 9)

    expect(resumeAt(open, 5)).toEqual(open)
  })
})
