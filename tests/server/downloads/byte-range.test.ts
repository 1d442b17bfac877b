import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ifRangeMatches, isNotModified, parseRange, preconditionFailed } from '../../../server/downloads/byte-range.ts'

const validators = { etag: '"abc"', lastModified: Date.UTC(1994, 10, 6, 8, 49, 37, 250) }
const sameDate = 'Sun, 06 Nov 1994 08:49:37 GMT'
const secondBefore = 'Sun, 06 Nov 1994 08:49:36 GMT'
const secondAfter = 'Sun, 06 Nov 1994 08:49:38 GMT'

describe('parseRange', () => {
  test.each([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=2-5', { start: 2, end: 5 }],
    ['bytes=9-9', { start: 9, end: 9 }],
    ['bytes=3-', { start: 3, end: 9 }],
    ['bytes=-4', { start: 6, end: 9 }],
    ['bytes=-10', { start: 0, end: 9 }],
  ])('%s of 10 bytes is exact', (header, range) => {
    expect(parseRange(header, 10)).toEqual(range)
  })

  test.each([
    ['bytes=2-10', { start: 2, end: 9 }],
    ['bytes=0-99999999999999999999', { start: 0, end: 9 }],
    [`bytes=0-${'9'.repeat(400)}`, { start: 0, end: 9 }],
    ['bytes=-11', { start: 0, end: 9 }],
    [`bytes=-${'9'.repeat(400)}`, { start: 0, end: 9 }],
  ])('%s asks for more than 10 bytes and gets what there is', (header, range) => {
    expect(parseRange(header, 10)).toEqual(range)
  })

  test.each(['bytes=10-', 'bytes=10-20', 'bytes=-0', 'bytes=9007199254740993-', `bytes=${'9'.repeat(400)}-`])(
    '%s lies past 10 bytes',
    (header) => {
      expect(parseRange(header, 10)).toBe('unsatisfiable')
    },
  )

  test.each([
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=5-2',
    'bytes=a-b',
    'bytes=0x1-2',
    'bytes=1.5-2',
    'bytes=+1-2',
    'bytes=--1',
    'bytes=0 - 1',
    'bytes =0-1',
    'items=0-1',
    '0-1',
  ])('%j is not a byte range, so the whole file comes', (header) => {
    expect(parseRange(header, 10)).toBe('whole')
  })

  test.each(['bytes=0-1,3-4', 'bytes=0-,0-,0-', 'bytes=0-0, -1', 'bytes=0-1,99-'])(
    'several ranges cost one file: %s',
    (header) => {
      expect(parseRange(header, 10)).toBe('whole')
    },
  )

  test.each([' bytes=0-1 ', 'bytes= 0-1', 'bytes=0-1 ,', 'bytes=,\t0-1', 'Bytes=0-1', 'bytes=000-001'])(
    '%j is one range, spelled freely',
    (header) => {
      expect(parseRange(header, 10)).toEqual({ start: 0, end: 1 })
    },
  )

  test.each(['bytes=0-', 'bytes=0-0', 'bytes=-1', 'bytes=5-'])('%s of an empty file is its whole nothing', (header) => {
    expect(parseRange(header, 0)).toBe('whole')
  })

  test('a range is never outside of the file, whatever the header says', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 70n }),
        fc.bigInt({ min: 0n, max: 2n ** 70n }),
        fc.nat(),
        (a, b, size) => {
          const range = parseRange(`bytes=${a}-${b}`, size)
          expect(typeof range === 'string' || (range.start >= 0 && range.start <= range.end && range.end < size)).toBe(
            true,
          )
        },
      ),
    )
  })
})

describe('ifRangeMatches', () => {
  test.each([undefined, '"abc"', ' "abc" ', sameDate])('%j allows the range', (header) => {
    expect(ifRangeMatches(header, validators)).toBe(true)
  })

  test.each(['"abd"', 'W/"abc"', 'abc', '*', '"x", "abc"', secondBefore, secondAfter, 'yesterday', ''])(
    '%j asks for the whole file',
    (header) => {
      expect(ifRangeMatches(header, validators)).toBe(false)
    },
  )

  test('a weak tag never allows a range, not even itself', () => {
    expect(ifRangeMatches('W/"abc"', { ...validators, etag: 'W/"abc"' })).toBe(false)
  })
})

describe('isNotModified', () => {
  test.each(['"abc"', 'W/"abc"', '*', '"x", "abc"', '"x" , W/"abc",', '"a,b","abc"'])(
    'If-None-Match: %s knows the file',
    (ifNoneMatch) => {
      expect(isNotModified({ ifNoneMatch }, validators)).toBe(true)
    },
  )

  test.each(['"abd"', 'abc', '', '"ab", "c"', '"*"'])('If-None-Match: %s does not know the file', (ifNoneMatch) => {
    expect(isNotModified({ ifNoneMatch }, validators)).toBe(false)
  })

  test.each([sameDate, secondAfter, 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'If-Modified-Since: %s is recent enough',
    (ifModifiedSince) => {
      expect(isNotModified({ ifModifiedSince }, validators)).toBe(true)
    },
  )

  test.each([secondBefore, '2030', '2030-01-01', 'nonsense', ''])(
    'If-Modified-Since: %s is too old or no date',
    (ifModifiedSince) => {
      expect(isNotModified({ ifModifiedSince }, validators)).toBe(false)
    },
  )

  test('If-None-Match outweighs If-Modified-Since', () => {
    expect(isNotModified({ ifNoneMatch: '"other"', ifModifiedSince: secondAfter }, validators)).toBe(false)
  })

  test('without conditions the file is sent', () => {
    expect(isNotModified({}, validators)).toBe(false)
  })
})

describe('preconditionFailed', () => {
  test.each(['"abc"', '*', '"x", "abc"'])('If-Match: %s holds', (ifMatch) => {
    expect(preconditionFailed({ ifMatch }, validators)).toBe(false)
  })

  test.each(['"abd"', 'W/"abc"', ''])('If-Match: %j fails', (ifMatch) => {
    expect(preconditionFailed({ ifMatch }, validators)).toBe(true)
  })

  test('a weak tag fails every If-Match, even one that names it', () => {
    expect(preconditionFailed({ ifMatch: 'W/"abc"' }, { ...validators, etag: 'W/"abc"' })).toBe(true)
  })

  test.each([sameDate, secondAfter, 'nonsense'])('If-Unmodified-Since: %s holds or is ignored', (ifUnmodifiedSince) => {
    expect(preconditionFailed({ ifUnmodifiedSince }, validators)).toBe(false)
  })

  test('If-Unmodified-Since fails for a date one second before the last change', () => {
    expect(preconditionFailed({ ifUnmodifiedSince: secondBefore }, validators)).toBe(true)
  })

  test('If-Match outweighs If-Unmodified-Since', () => {
    expect(preconditionFailed({ ifMatch: '"abc"', ifUnmodifiedSince: secondBefore }, validators)).toBe(false)
  })

  test('without conditions nothing fails', () => {
    expect(preconditionFailed({}, validators)).toBe(false)
  })
})
