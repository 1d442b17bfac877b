import { expect, test } from 'vitest'
import { readSize, readTime, writeSize, writeTime } from '../../../web/src/accounts/limits.ts'

test('sizes are read as people write them, and as the settings of the server are', () => {
  expect(['500 MB', '1.5g', '10kB', '7', '2 T'].map(readSize)).toEqual([500_000_000, 1.5e9, 10_000, 7, 2e12])
  expect(['10GiB', ' 1 kib '].map(readSize)).toEqual([10 * 2 ** 30, 1024])
  expect(['', '0', '-1', 'unlimited'].map(readSize)).toEqual([0, 0, -1, -1])
  expect(['much', '5 XB', '-2', '1,5 GB', '1 2'].map(readSize)).toEqual(Array(5).fill(undefined))
})

test('times are read as people write them, and as the settings of the server are', () => {
  expect(['30d', '12 H', '90s', '5m', '60'].map(readTime)).toEqual([2_592_000, 43_200, 90, 300, 60])
  expect(['1h30m', '1 h 30 m', '2w', 'unlimited'].map(readTime)).toEqual([5_400, undefined, 1_209_600, -1])
  expect(['d', '1.5s', '1 2', '500ms'].map(readTime)).toEqual(Array(4).fill(undefined))
})

test('limits are written as they can be read, in the largest unit that needs no fraction', () => {
  expect([500_000_000, 1_500_000_000, 1, 1234, 0, -1].map(writeSize)).toEqual([
    '500MB',
    '1500MB',
    '1B',
    '1234B',
    '0',
    '-1',
  ])
  expect([2_592_000, 5_400, 61, 0, -1].map(writeTime)).toEqual(['30d', '90m', '61s', '0', '-1'])
})
