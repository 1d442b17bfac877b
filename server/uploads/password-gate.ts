import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { createGuessThrottle } from '../accounts/guess-throttle.ts'
import { verifyPassword } from '../accounts/passwords.ts'
import { AppError } from '../lib/errors.ts'
import type { Upload } from './upload.ts'

/** The credentials of an `Authorization` header. */
export type Credentials =
  | { kind: 'none' }
  | { kind: 'unreadable'; reason: 'authorization_header_invalid' | 'authorization_scheme_invalid' }
  | BasicCredentials

export interface BasicCredentials {
  kind: 'basic'
  login: string
  password: string
}

/** A verification takes 54 ms and 19 MiB; a download in many ranges should need only one. */
const REMEMBERED_SUCCESSES = 10_000
const REMEMBERED_FOR_MS = 10 * 60 * 1000

export type PasswordGate = ReturnType<typeof createPasswordGate>

/**
 * Checks passwords of uploads. Failures are counted by upload and address; after ten in a minute even the right password
 * is rejected until the minute is over, on every route.
 */
export function createPasswordGate() {
  const throttle = createGuessThrottle('upload-passwords')
  const successes = new LRUCache<string, true>({ max: REMEMBERED_SUCCESSES, ttl: REMEMBERED_FOR_MS })
  const verifications = new Map<string, Promise<boolean>>()
  const secret = randomBytes(32)

  /** Throws `unauthorized` or `too_many_requests`. `network`: the client's address, cut to /64 for IPv6. */
  async function check(upload: Upload, credentials: Credentials, network: string): Promise<void> {
    if (upload.passwordHash === null) return
    if (credentials.kind === 'none') throw new AppError('upload_password_missing')
    if (credentials.kind === 'unreadable') throw new AppError(credentials.reason)
    const attempt = JSON.stringify([upload.id, upload.passwordHash, credentials.login, credentials.password])
    const digest = createHmac('sha256', secret).update(attempt).digest('base64')
    const key = `${upload.id} ${network}`
    await throttle.assertAllowed(key)
    if (successes.get(digest)) return
    if (!(await verifyOnce(`${network} ${digest}`, key, upload, credentials)))
      throw new AppError('upload_password_wrong')
    successes.set(digest, true)
  }

  /** Identical attempts in parallel, as from a page that loads thirty files, count as one. */
  function verifyOnce(attempt: string, key: string, upload: Upload, credentials: BasicCredentials): Promise<boolean> {
    const running = verifications.get(attempt)
    if (running) return running
    const verification = throttle
      .guess(key, () => matches(upload, credentials))
      .finally(() => verifications.delete(attempt))
    verifications.set(attempt, verification)
    return verification
  }

  return { check }
}

/**
 * An upload without a login uses the login `plik`; an empty login is accepted too, since Plik's response to the creation
 * of such an upload contains one.
 */
async function matches(upload: Upload, { login, password }: BasicCredentials): Promise<boolean> {
  const isLoginRight = login === upload.login || (login === '' && upload.login === 'plik')
  const isPasswordRight = await verifyPassword(password, upload.passwordHash ?? '')
  return isLoginRight && isPasswordRight
}
