import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isWhole, type ReceivedRanges, withRange } from '../../../server/downloads/received-ranges.ts'

const SIZE = 24

const ranges = fc.array(
  fc.tuple(fc.nat(SIZE - 1), fc.nat(SIZE - 1)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
  { maxLength: 12 },
)

const received = (list: readonly (readonly [number, number])[]): ReceivedRanges =>
  list.reduce<ReceivedRanges>((ranges, [first, last]) => withRange(ranges, first, last), [])

/** What `list` covers, position by position. */
const positions = (list: readonly (readonly [number, number])[]): boolean[] =>
  Array.from({ length: SIZE }, (_, position) => list.some(([first, last]) => first <= position && position <= last))

describe('withRange', () => {
  test.each([
    [[[0, 4]], 5, 9, [[0, 9]]],
    [[[5, 9]], 0, 4, [[0, 9]]],
    [
      [[0, 3]],
      5,
      9,
      [
        [0, 3],
        [5, 9],
      ],
    ],
    [
      [
        [0, 1],
        [4, 5],
        [8, 9],
      ],
      2,
      7,
      [[0, 9]],
    ],
    [[[0, 9]], 3, 4, [[0, 9]]],
    [[[3, 4]], 0, 9, [[0, 9]]],
    [[], 7, 7, [[7, 7]]],
  ] as const)('of %j with %i to %i is %j', (ranges, first, last, expected) => {
    expect(withRange(ranges as ReceivedRanges, first, last)).toEqual(expected)
  })

  test('holds exactly the positions that were added, in any order and however often', () => {
    fc.assert(
      fc.property(ranges, (list) => {
        expect(positions(received(list))).toEqual(positions(list))
      }),
    )
  })

  test('stays sorted, disjoint and joined where it touches, so that it never grows beyond need', () => {
    fc.assert(
      fc.property(ranges, (list) => {
        const ranges = received(list)
        expect(
          ranges.every(([first, last], index) => first <= last && first > (ranges[index - 1]?.[1] ?? -2) + 1),
        ).toBe(true)
      }),
    )
  })

  test('leaves what it was given as it was', () => {
    const before: ReceivedRanges = [[0, 3]]
    withRange(before, 2, 9)
    expect(before).toEqual([[0, 3]])
  })
})

describe('isWhole', () => {
  test('is true when, and only when, no position is missing', () => {
    fc.assert(
      fc.property(ranges, (list) => {
        expect(isWhole(received(list), SIZE)).toBe(positions(list).every(Boolean))
      }),
    )
  })

  test('an empty file is whole from the start', () => {
    expect(isWhole([], 0)).toBe(true)
    expect(isWhole([], 1)).toBe(false)
  })

  test('neither the first nor the last byte may be missing', () => {
    expect(isWhole([[0, 8]], 10)).toBe(false)
    expect(isWhole([[1, 9]], 10)).toBe(false)
    expect(isWhole([[0, 9]], 10)).toBe(true)
  })
})
