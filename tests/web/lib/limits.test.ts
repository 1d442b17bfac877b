import { describe, expect, test } from 'vitest'
import { configFor, ttlChoices } from '../../../web/src/lib/limits.ts'

const DAY = 86_400
const SERVER = { maxFileSize: 1_000, maxTTL: 30 * DAY, defaultTTL: 30 * DAY }

describe('the limits that hold', () => {
  test('without a user are the server’s', () => {
    expect(configFor(SERVER, null)).toEqual(SERVER)
    expect(configFor(SERVER, undefined)).toEqual(SERVER)
  })

  test('for a user without own limits are the server’s', () => {
    expect(configFor(SERVER, { maxFileSize: 0, maxTTL: 0 })).toEqual(SERVER)
  })

  test('for a user with lower limits are the user’s, also the proposed time', () => {
    const limits = configFor(SERVER, { maxFileSize: 10, maxTTL: DAY })

    expect(limits).toEqual({ maxFileSize: 10, maxTTL: DAY, defaultTTL: DAY })
    expect(ttlChoices(limits)).toEqual([3_600, 6 * 3_600, DAY])
  })

  test('for a user with higher limits are the user’s, and the proposed time stays', () => {
    const limits = configFor(SERVER, { maxFileSize: 2_000, maxTTL: 90 * DAY })

    expect(limits).toEqual({ maxFileSize: 2_000, maxTTL: 90 * DAY, defaultTTL: 30 * DAY })
    expect(ttlChoices(limits).at(-1)).toBe(90 * DAY)
  })

  test('are none for a user without limits', () => {
    const limits = configFor(SERVER, { maxFileSize: -1, maxTTL: -1 })

    expect(limits).toEqual({ maxFileSize: -1, maxTTL: -1, defaultTTL: 30 * DAY })
    expect(ttlChoices(limits).at(-1)).toBe(-1)
  })

  test('do not suggest forever to a user who may not use it', () => {
    const unlimited = { maxFileSize: -1, maxTTL: -1, defaultTTL: -1 }

    expect(configFor(unlimited, { maxFileSize: 0, maxTTL: DAY })).toEqual({
      maxFileSize: -1,
      maxTTL: DAY,
      defaultTTL: DAY,
    })
  })
})
