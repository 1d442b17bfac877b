import { AppError } from '../lib/errors.ts'
import type { Credentials } from '../uploads/password-gate.ts'
import type { User } from './user.ts'

/** The client of a request, as services see it. */
export interface Caller {
  /** IP address. */
  address: string
  /** The address as throttles count it: IPv6 is cut to its /64. */
  network: string
  isWhitelisted: boolean
  /** A web page of another site that may not upload sent the request. */
  isUnwantedPage: boolean
  uploadToken: string | undefined
  credentials: Credentials
  /** The logged-in user; during impersonation, the impersonated user. */
  user: User | undefined
  /** The administrator who impersonates `user`. */
  impersonator: User | undefined
  /** The API token of the request; undefined: a session. A token gives access only to the uploads that it created. */
  tokenId: string | undefined
  /** A user of the command line on the server itself, to whom no limits for clients apply. */
  isOperator?: boolean
}

/** The caller of commands on the server itself. */
export const OPERATOR: Caller = {
  address: '127.0.0.1',
  network: '127.0.0.1',
  isWhitelisted: true,
  isUnwantedPage: false,
  uploadToken: undefined,
  credentials: { kind: 'none' },
  user: undefined,
  impersonator: undefined,
  tokenId: undefined,
  isOperator: true,
}

/** Throws `login_required` if no user is logged in, or only by an API token. */
export function assertLoggedIn({ user, tokenId }: Caller): User {
  if (user && tokenId === undefined) return user
  throw new AppError('login_required')
}

/** Throws `login_required` like `assertLoggedIn`, and `forbidden`. */
export function assertAdmin(caller: Caller): void {
  assertLoggedIn(caller)
  if (!isAdmin(caller)) throw new AppError('not_admin')
}

/** Throws `login_required` and `forbidden` like `assertAdmin`, except for the caller's own account. */
export function assertSelfOrAdmin(caller: Caller, userId: string): void {
  if (assertLoggedIn(caller).id !== userId) assertAdmin(caller)
}

/**
 * Only by a session. API tokens are often kept in configuration files, so an administrator's token has no administrator
 * rights (Plik 1.3.8).
 */
export const isAdmin = ({
  user,
  impersonator,
  tokenId,
  isOperator = false,
}: Pick<Caller, 'user' | 'impersonator' | 'tokenId' | 'isOperator'>): boolean =>
  isOperator || (tokenId === undefined && (impersonator ?? user)?.isAdmin === true)
