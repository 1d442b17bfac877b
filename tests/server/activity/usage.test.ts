import { expect, test } from 'vitest'
import { countersOfUpload, sizeClassOf, usageJson } from '../../../server/activity/usage.ts'

/** The names and bounds of Plik 1.4's usage object. */

const PLAIN = {
  removable: false,
  oneShot: false,
  stream: false,
  extendTtl: false,
  e2ee: null,
  ttlSeconds: -1,
  hasPassword: false,
  hasComments: false,
}

test.for([
  [-1, 'noneUploads'],
  [0, 'noneUploads'],
  [1, 'lessThan1HourUploads'],
  [3_599, 'lessThan1HourUploads'],
  [3_600, 'oneHourToOneDayUploads'],
  [86_399, 'oneHourToOneDayUploads'],
  [86_400, 'oneDayToSevenDaysUploads'],
  [604_800, 'sevenDaysTo30DaysUploads'],
  [2_592_000, 'sevenDaysTo30DaysUploads'],
  [2_592_001, 'greaterThan30DaysUploads'],
] as const)('a life time of %d seconds is counted as %s', ([ttlSeconds, counter]) => {
  expect(countersOfUpload({ ...PLAIN, ttlSeconds })).toEqual(['uploads', counter])
})

test.for([
  [0, 'lessThan1MBFiles'],
  [1_048_575, 'lessThan1MBFiles'],
  [1_048_576, 'oneMBTo10MBFiles'],
  [10_485_760, 'tenMBTo100MBFiles'],
  [104_857_600, 'hundredMBTo1GBFiles'],
  [1_073_741_824, 'oneGBTo10GBFiles'],
  [10_737_418_240, 'tenGBTo100GBFiles'],
  [107_374_182_399, 'tenGBTo100GBFiles'],
  [107_374_182_400, 'greaterThan100GBFiles'],
] as const)('a file of %d bytes is counted as %s', ([size, counter]) => {
  expect(sizeClassOf(size)).toBe(counter)
})

test('each thing chosen is counted by itself', () => {
  const all = { removable: true, oneShot: true, stream: true, extendTtl: true, hasPassword: true, hasComments: true }

  expect(countersOfUpload({ ...PLAIN, ...all, e2ee: 'age' })).toEqual([
    'uploads',
    'passwordUploads',
    'removableUploads',
    'oneShotUploads',
    'streamUploads',
    'extendTTLUploads',
    'e2eeUploads',
    'commentUploads',
    'noneUploads',
  ])
})

test('what was never counted is zero', () => {
  const { uploads, features, ttl, fileSizes } = usageJson(new Map([['uploads', 3]]))

  expect(uploads).toBe(3)
  expect(Object.values({ ...features, ...ttl, ...fileSizes })).toEqual(Array(20).fill(0))
})
