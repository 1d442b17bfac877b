import { createHash, timingSafeEqual } from 'node:crypto'

/** Random tokens have 190 bits, so a fast hash is enough: a stolen database gives no access. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex')

/** Compares in constant time: both sides are hashes of the same length. */
export const matchesToken = (token: string, hash: string): boolean => {
  const given = Buffer.from(hashToken(token))
  const expected = Buffer.from(hash)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
