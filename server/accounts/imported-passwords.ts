import { createHash, timingSafeEqual } from 'node:crypto'
import bcrypt from 'bcryptjs'

/** Password hashes imported from Plik. New hashes are never made like this. */

/** A user's password hash in Plik. */
const BCRYPT = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/
const PLIK = /^\$plik-md5\$([A-Za-z0-9+/=]*)\$(?:([0-9a-f]{32})|(\$argon2id\$.*))$/

/**
 * The hash of an upload's password. Plik stores the MD5 of the `Authorization` header's content, which includes the
 * login; here the hexadecimal MD5 is hashed in place of a password. Imports of version 0.2.0 and earlier stored the MD5
 * itself.
 */
export const plikHash = (login: string, hashOfMd5: string): string =>
  `$plik-md5$${Buffer.from(login).toString('base64')}$${hashOfMd5}`

export const isImported = (hash: string): boolean => BCRYPT.test(hash) || PLIK.test(hash)

/** Verifies an imported hash; `verify` verifies hashes made by this server. Returns undefined if the hash was not imported. */
export function verifyImported(
  password: string,
  hash: string,
  verify: (password: string, hash: string) => Promise<boolean>,
): Promise<boolean> | boolean | undefined {
  if (BCRYPT.test(hash)) return bcrypt.compare(password, hash)
  const [, login, bareMd5, hashOfMd5] = PLIK.exec(hash) ?? []
  if (login === undefined) return undefined
  const credentials = Buffer.from(`${Buffer.from(login, 'base64')}:${password}`).toString('base64')
  const md5 = createHash('md5').update(credentials).digest('hex')
  return bareMd5 ? timingSafeEqual(Buffer.from(md5), Buffer.from(bareMd5)) : verify(md5, hashOfMd5 ?? '')
}

/** The processor is shared, so a verification may take longer than the measured one. */
const TIME_MARGIN = 1.5
const measured = new Map<string, Promise<number>>()

/**
 * The longest time of a verification against a bcrypt hash of this cost, in milliseconds, except under high load.
 * Measured once.
 */
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
