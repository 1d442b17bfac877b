import type { Config } from '../config/config.ts'
import { AppError } from '../lib/errors.ts'
import { PROVIDERS, type Provider, type User } from './user.ts'

/** Rules for accounts and their limits. Pure. Messages are Plik's (1.3.8, `server/common/user.go`). */

export const MIN_LOGIN_BYTES = 4
export const MIN_PASSWORD_BYTES = 8
const MAX_TEXT_BYTES = 1024

/** Throws `bad_request`. */
export function knownProvider(name: string): Provider {
  const provider = PROVIDERS.find((known) => known === name)
  if (!provider) throw new AppError('provider_invalid')
  return provider
}

/** Throws `bad_request`. */
export function assertLogin(login: string): void {
  if (Buffer.byteLength(login) < MIN_LOGIN_BYTES) throw new AppError('login_too_short', { min: MIN_LOGIN_BYTES })
  assertText('login', login)
}

/** Throws `bad_request`. */
export function assertPassword(password: string): void {
  if (Buffer.byteLength(password) < MIN_PASSWORD_BYTES)
    throw new AppError('password_too_short', { min: MIN_PASSWORD_BYTES })
  assertLength('password', password)
}

/** Throws `bad_request` if the text is too long for a name, or contains control characters. */
export function assertText(field: string, text: string): void {
  assertLength(field, text)
  if (/\p{Cc}/u.test(text)) throw new AppError('control_characters', { field })
}

/** Throws `bad_request` if the text is longer than any field of an account. */
export function assertLength(field: string, text: string): void {
  if (Buffer.byteLength(text) > MAX_TEXT_BYTES)
    throw new AppError('account_text_too_long', { field, max: MAX_TEXT_BYTES })
}

/** Shortens and cleans an external text so that `assertText` accepts it. */
export const shownText = (text: string): string =>
  text
    .replace(/\p{Cc}/gu, '')
    .slice(0, MAX_TEXT_BYTES / 4)
    .toWellFormed()

/** Upload limits of a user; `Infinity`: no limit. */
export interface Limits {
  maxFileSizeBytes: number
  /** Total size of all files of the user. */
  maxUserSizeBytes: number
  maxTtlSeconds: number
}

type ServerLimits = Pick<Config, 'maxFileSizeBytes' | 'maxUserSizeBytes' | 'maxTtlSeconds'>

/** A user's own limits have precedence. Anonymous uploads have no total limit, because they have no user. */
export function limitsOf(user: User | undefined, server: ServerLimits): Limits {
  if (!user) return { ...serverLimits(server), maxUserSizeBytes: Number.POSITIVE_INFINITY }
  return {
    maxFileSizeBytes: ownOr(user.maxFileSizeBytes, server.maxFileSizeBytes),
    maxUserSizeBytes: ownOr(user.maxUserSizeBytes, server.maxUserSizeBytes),
    maxTtlSeconds: ownOr(user.maxTtlSeconds, server.maxTtlSeconds),
  }
}

const serverLimits = ({ maxFileSizeBytes, maxTtlSeconds }: ServerLimits) => ({ maxFileSizeBytes, maxTtlSeconds })

function ownOr(own: number, server: number): number {
  if (own === 0) return server
  return own < 0 ? Number.POSITIVE_INFINITY : own
}
