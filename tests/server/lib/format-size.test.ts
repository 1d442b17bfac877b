import { expect, test } from 'vitest'
import { formatSize } from '../../../server/lib/format-size.ts'

test.each([
  [0, '0 B'],
  [9, '9 B'],
  [10, '10 B'],
  [999, '999 B'],
])('%d bytes read %s, without a decimal', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text)
})

test.each([
  [1000, '1.0 kB'],
  [1_500_000, '1.5 MB'],
  [9_940, '9.9 kB'],
  [9_949, '9.9 kB'],
])('%d bytes read %s, with a decimal below 10', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text)
})

test.each([
  [9_950, '10 kB'],
  [10_000, '10 kB'],
  [82_854_982, '83 MB'],
  [10_000_000_000, '10 GB'],
  [999_949, '1000 kB'],
  [1e12, '1.0 TB'],
  [Number.MAX_SAFE_INTEGER, '9.0 PB'],
  [1e18, '1.0 EB'],
])('%d bytes read %s, whole from 10 on', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text)
})

test.each([
  [12_500, '12 kB'],
  [13_500, '14 kB'],
])('a half goes to the even neighbour, as in Go: %d bytes read %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text)
})
