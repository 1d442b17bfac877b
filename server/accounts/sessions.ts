import { setTimeout } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { newToken } from '../lib/ids.ts'
import { assertLength } from './account-rules.ts'
import { createGuessThrottle } from './guess-throttle.ts'
import { isImported, verificationTimeMs } from './imported-passwords.ts'
import { hashPassword, verifyPassword } from './passwords.ts'
import { hashToken, matchesToken } from './secrets.ts'
import type { Session, SessionsRepo } from './sessions-repo.ts'
import { type User, userIdOf } from './user.ts'
import type { UsersRepo } from './users-repo.ts'

/** The values of the session cookies, known only now: the database stores their hashes. */
export interface NewSession {
  token: string
  xsrfToken: string
  maxAgeSeconds: number
}

interface Dependencies {
  repo: SessionsRepo
  users: UsersRepo
  clock: Clock
  config: Pick<Config, 'sessionTimeoutSeconds' | 'oidcSessionTimeoutSeconds' | 'featureLocalLogin'>
}

export type Sessions = ReturnType<typeof createSessions>

/**
 * Sessions of users. They are rows of the database, so that they survive a restart, are valid on every replica, and can
 * be ended.
 */
export function createSessions({ repo, users, clock, config }: Dependencies) {
  const throttle = createGuessThrottle('logins')
  /** Verified for unknown users, so that the response time does not reveal which accounts exist. */
  const dummyHash = once(() => hashPassword(newToken()))

  /**
   * Throws `forbidden`: unknown user or wrong password; `bad_request`: login is switched off, or a value is too long,
   * which would fill the memory of the throttle; `too_many_requests`. `network` as in `Caller`.
   */
  async function logIn(login: string, password: string, network: string): Promise<NewSession> {
    if (config.featureLocalLogin === 'disabled') throw new AppError('local_login_disabled')
    assertLength('login', login)
    assertLength('password', password)
    const begunAt = performance.now()
    const account = await users.findUser(userIdOf('local', login))
    const dummy = await dummyHash() // always computed, otherwise the first response would reveal it
    const hash = account?.passwordHash ?? dummy
    const key = `${network} ${login}`
    await throttle.assertAllowed(key)
    const isRight = await throttle.guess(
      key,
      async () => (await verifyPassword(password, hash)) && account !== undefined,
    )
    if (!isRight || !account) {
      await untilImportedHashesAreVerified(begunAt)
      throw new AppError('credentials_wrong')
    }
    if (isImported(hash)) await users.replacePasswordHash(account.id, hash, await hashPassword(password))
    return start(account)
  }

  /**
   * Verifying imported hashes takes many times as long, so if there are any, all failed logins are delayed as much:
   * otherwise the response time would reveal who was imported from Plik.
   */
  async function untilImportedHashesAreVerified(begunAt: number): Promise<void> {
    const hash = await users.findImportedHash()
    if (hash === undefined) return
    const waitMs = (await verificationTimeMs(hash)) - (performance.now() - begunAt)
    if (waitMs > 0) await setTimeout(waitMs)
  }

  /**
   * Seconds. Shorter for users of a provider, since the provider's decision to block a user takes effect only at the next
   * login.
   */
  const lifetimeOf = ({ provider }: User): number =>
    provider === 'local'
      ? config.sessionTimeoutSeconds
      : Math.min(config.sessionTimeoutSeconds, config.oidcSessionTimeoutSeconds)

  /** Starts a session for a user who has logged in. */
  async function start(user: User): Promise<NewSession> {
    const [token, xsrfToken] = [newToken(), newToken()]
    const now = clock()
    const maxAgeSeconds = lifetimeOf(user)
    const expiresAt = now + maxAgeSeconds * 1000
    const session = { id: hashToken(token), user, xsrfHash: hashToken(xsrfToken), createdAt: now, expiresAt }
    await repo.insertSession(session)
    return { token, xsrfToken, maxAgeSeconds }
  }

  /** Throws `invalid_session`: unknown, expired or ended. */
  async function get(token: string): Promise<Session> {
    const session = await repo.findSession(hashToken(token))
    if (!session || endOf(session) <= clock()) throw new AppError('session_invalid')
    return session
  }

  /** A shortened timeout also applies to existing sessions. */
  const endOf = ({ user, createdAt, expiresAt }: Session): number =>
    Math.min(expiresAt, createdAt + lifetimeOf(user) * 1000)

  /** Throws `invalid_session` unless the request comes from the page itself. */
  function assertSameSite({ xsrfHash }: Session, xsrfToken: string | undefined): void {
    if (xsrfToken === undefined) throw new AppError('xsrf_missing')
    if (!matchesToken(xsrfToken, xsrfHash)) throw new AppError('xsrf_invalid')
  }

  const end = (token: string): Promise<void> => repo.deleteSession(hashToken(token))

  /** Ends all sessions of a user, except the one of `exceptToken`. */
  const endAll = (userId: string, exceptToken?: string): Promise<void> =>
    repo.deleteSessionsOf(userId, exceptToken === undefined ? '' : hashToken(exceptToken))

  return { logIn, start, get, assertSameSite, end, endAll }
}

/** Computed at first use, since few processes need it: it takes 54 ms and 19 MiB. */
function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
