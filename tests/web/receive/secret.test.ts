import { expect, test } from 'vitest'
import { newKey } from '../../../client/src/encryption.ts'
import { isCut, keyIn } from '../../../web/src/receive/secret.ts'

test('a key is found in what was copied along with it', async () => {
  const secret = await newKey()

  expect([secret, ` ${secret}\n`, `(${secret}).`, secret.toLowerCase()].map(keyIn)).toEqual(Array(4).fill(secret))
  expect(keyIn(' open sesame ')).toBe('open sesame')
})

test('every beginning of a key is a key that is cut off, and nothing else is', async () => {
  const secret = await newKey()

  expect([1, 15, 16, 40, 73].map((length) => isCut(secret.slice(0, length)))).toEqual(Array(5).fill(true))
  expect([secret, 'open sesame', `${secret}Q`].map(isCut)).toEqual([false, false, false])
})
