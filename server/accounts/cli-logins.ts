import { randomInt, randomUUID } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { assertText, shownText } from './account-rules.ts'
import type { CliLoginsRepo } from './cli-logins-repo.ts'
import { hashToken, matchesToken } from './secrets.ts'
import type { Tokens } from './tokens.ts'
import type { User } from './user.ts'
import type { Users } from './users.ts'

/** The code that a program shows to its user, and the secret that it keeps. */
export interface NewCliLogin {
  code: string
  secret: string
  expiresInSeconds: number
}

interface Dependencies {
  repo: CliLoginsRepo
  users: Users
  tokens: Tokens
  clock: Clock
}

/** Plik's command line waits this long. */
const EXPIRES_IN_SECONDS = 300
/** Characters without any that look alike. */
const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'

export type CliLogins = ReturnType<typeof createCliLogins>

/**
 * Lets a program get a token without seeing a password (Plik 1.4, after RFC 8628): it shows a code, its user approves the
 * code in the browser, and the program, which polls, gets a token of that user once.
 */
export function createCliLogins({ repo, users, tokens, clock }: Dependencies) {
  /** Throws `bad_request`: API tokens are switched off, or the host name is invalid. */
  async function begin(hostname: string): Promise<NewCliLogin> {
    tokens.assertEnabled()
    assertText('hostname', hostname)
    const now = clock()
    const secret = randomUUID()
    const waiting = { secretHash: hashToken(secret), hostname, userId: null, comment: '' }
    const expiresAt = now + EXPIRES_IN_SECONDS * 1000
    for (;;) {
      const code = newCode()
      if (await repo.insertCliLogin({ ...waiting, code, expiresAt }, now))
        return { code, secret, expiresInSeconds: EXPIRES_IN_SECONDS }
    }
  }

  /** Throws `not_found`: unknown or expired code; `bad_request`: approved already. */
  async function approve(code: string, user: User, comment: string): Promise<void> {
    tokens.assertEnabled()
    assertText('comment', comment)
    const { hostname } = await get(code)
    const name = comment || (hostname === '' ? 'CLI login' : `CLI login (${shownText(hostname)})`)
    if (await repo.approveCliLogin(code, user.id, name)) return
    throw new AppError('cli_login_already_approved')
  }

  /**
   * Returns the token once the user has approved; undefined: not yet. Throws `not_found` like `approve`;
   * `login_required`: wrong secret.
   */
  async function poll(code: string, secret: string): Promise<string | undefined> {
    const { secretHash, userId, comment } = await get(code)
    if (!matchesToken(secret, secretHash)) throw new AppError('cli_login_secret_wrong')
    if (userId === null) return undefined
    if (!(await repo.takeCliLogin(code))) throw notFound()
    const { token } = await tokens.create(await users.get(userId), comment)
    return token
  }

  async function get(code: string) {
    const login = await repo.findCliLogin(code)
    if (!login) throw notFound()
    if (login.expiresAt <= clock()) throw new AppError('cli_login_expired')
    return login
  }

  return { begin, approve, poll }
}

function newCode(): string {
  const letters = Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join('')
  return `${letters.slice(0, 4)}-${letters.slice(4)}`
}

const notFound = () => new AppError('cli_login_not_found')
