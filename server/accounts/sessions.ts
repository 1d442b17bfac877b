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

/** What a browser is given at login: the secret itself is known only then. */
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

/** Who is logged in. Rows of the database, so that they outlive a restart, hold on every replica, and can be ended. */
export function createSessions({ repo, users, clock, config }: Dependencies) {
  const throttle = createGuessThrottle('logins')
  /** Verified when there is no such user, so that the time of an answer does not tell who has an account. */
  const hashOfNobody = once(() => hashPassword(newToken()))

  /**
   * Throws `forbidden`: unknown, or wrong; `bad_request`: not allowed here, or longer than any, which would fill the memory of
   * the throttle; `too_many_requests`. `network` as in `Caller`.
   */
  async function logIn(login: string, password: string, network: string): Promise<NewSession> {
    if (config.featureLocalLogin === 'disabled') throw new AppError('local_login_disabled')
    assertLength('login', login)
    assertLength('password', password)
    const begunAt = performance.now()
    const account = await users.findUser(userIdOf('local', login))
    const nobody = await hashOfNobody() // asked for in any case, or the first answer would tell
    const hash = account?.passwordHash ?? nobody
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
   * Imported hashes take many times as long to verify, so with any of them here all wrong logins are answered as late as
   * theirs: the time of an answer would tell who came from Plik.
   */
  async function untilImportedHashesAreVerified(begunAt: number): Promise<void> {
    const hash = await users.findImportedHash()
    if (hash === undefined) return
    const waitMs = (await verificationTimeMs(hash)) - (performance.now() - begunAt)
    if (waitMs > 0) await setTimeout(waitMs)
  }

  /** Seconds. A provider that has dropped somebody says so at the next login only, which therefore comes soon. */
  const lifetimeOf = ({ provider }: User): number =>
    provider === 'local'
      ? config.sessionTimeoutSeconds
      : Math.min(config.sessionTimeoutSeconds, config.oidcSessionTimeoutSeconds)

  /** A session for a user who has logged in. */
  async function start(user: User): Promise<NewSession> {
    const [token, xsrfToken] = [newToken(), newToken()]
    const now = clock()
    const maxAgeSeconds = lifetimeOf(user)
    const expiresAt = now + maxAgeSeconds * 1000
    const session = { id: hashToken(token), user, xsrfHash: hashToken(xsrfToken), createdAt: now, expiresAt }
    await repo.insertSession(session)
    return { token, xsrfToken, maxAgeSeconds }
  }

  /** Throws `invalid_session`: unknown, over or ended. */
  async function get(token: string): Promise<Session> {
    const session = await repo.findSession(hashToken(token))
    if (!session || endOf(session) <= clock()) throw new AppError('session_invalid')
    return session
  }

  /** Shorter timeouts hold for sessions that were started before, too. */
  const endOf = ({ user, createdAt, expiresAt }: Session): number =>
    Math.min(expiresAt, createdAt + lifetimeOf(user) * 1000)

  /** Throws `invalid_session`, unless what is asked comes from the page itself. */
  function assertSameSite({ xsrfHash }: Session, xsrfToken: string | undefined): void {
    if (xsrfToken === undefined) throw new AppError('xsrf_missing')
    if (!matchesToken(xsrfToken, xsrfHash)) throw new AppError('xsrf_invalid')
  }

  const end = (token: string): Promise<void> => repo.deleteSession(hashToken(token))

  /** Those of a user, but for the session of `exceptToken`. */
  const endAll = (userId: string, exceptToken?: string): Promise<void> =>
    repo.deleteSessionsOf(userId, exceptToken === undefined ? '' : hashToken(exceptToken))

  return { logIn, start, get, assertSameSite, end, endAll }
}

/** Not at the start, since few processes ever need it: it takes 54 ms and 19 MiB. */
function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
