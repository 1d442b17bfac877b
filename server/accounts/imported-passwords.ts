import { createHash, timingSafeEqual } from 'node:crypto'
import bcrypt from 'bcryptjs'

/** Hashes that came over from Plik: they open what they opened there. Nothing new is ever hashed like this. */

/** Of a user's password, as Plik writes it. */
const BCRYPT = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/
const PLIK_MD5 = /^\$plik-md5\$([A-Za-z0-9+/=]*)\$([0-9a-f]{32})$/

/** Of an upload's password: Plik keeps the MD5 of what the `Authorization` header holds, in which the login is a part. */
export const plikMd5 = (login: string, digest: string): string =>
  `$plik-md5$${Buffer.from(login).toString('base64')}$${digest.toLowerCase()}`

export const isImported = (hash: string): boolean => BCRYPT.test(hash) || PLIK_MD5.test(hash)

/** Undefined: the hash is none of these. */
export function verifyImported(password: string, hash: string): Promise<boolean> | boolean | undefined {
  if (BCRYPT.test(hash)) return bcrypt.compare(password, hash)
  const [, login, digest] = PLIK_MD5.exec(hash) ?? []
  if (login === undefined || digest === undefined) return undefined
  const credentials = Buffer.from(`${Buffer.from(login, 'base64')}:${password}`).toString('base64')
  return timingSafeEqual(createHash('md5').update(credentials).digest(), Buffer.from(digest, 'hex'))
}

/** Others share this processor, so a verification may take longer than the one that was measured. */
const TIME_MARGIN = 1.5
const measured = new Map<string, Promise<number>>()

/** Milliseconds that a verification against a bcrypt hash of this cost takes at most, unless the load is high. Measured once. */
export function verificationTimeMs(hash: string): Promise<number> {
  const cost = hash.slice(0, '$2b$14'.length)
  const time = measured.get(cost) ?? measure(hash)
  measured.set(cost, time)
  return time
}

async function measure(hash: string): Promise<number> {
  const start = performance.now()
  await bcrypt.compare('', hash)
  return (performance.now() - start) * TIME_MARGIN
}
