import { expect, test } from 'vitest'
import { secondsLeft, speedOf, withSample } from '../../../web/src/send/speed.ts'

test('the speed is that of the last seconds, and tells how long the rest takes', () => {
  const samples = [
    { at: 0, sent: 0 },
    { at: 1_000, sent: 500 },
    { at: 2_000, sent: 2_000 },
  ]

  expect(speedOf(samples)).toBe(1_000)
  expect(secondsLeft(samples, 5_000)).toBe(3)
})

test('nothing is said while too little is known, or nothing moves', () => {
  expect(speedOf([{ at: 0, sent: 0 }])).toBeUndefined()
  expect(
    speedOf([
      { at: 0, sent: 0 },
      { at: 499, sent: 9 },
    ]),
  ).toBeUndefined()
  expect(
    secondsLeft(
      [
        { at: 0, sent: 5 },
        { at: 900, sent: 5 },
      ],
      10,
    ),
  ).toBeUndefined()
})

test('old samples are forgotten, and all of them when a transfer began anew', () => {
  const samples = [
    { at: 0, sent: 0 },
    { at: 5_000, sent: 50 },
  ]

  expect(withSample(samples, { at: 8_001, sent: 80 })).toEqual([
    { at: 5_000, sent: 50 },
    { at: 8_001, sent: 80 },
  ])
  expect(withSample(samples, { at: 6_000, sent: 10 })).toEqual([{ at: 6_000, sent: 10 }])
})
