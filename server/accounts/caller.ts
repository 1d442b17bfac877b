import { AppError } from '../lib/errors.ts'
import type { Credentials } from '../uploads/password-gate.ts'
import type { User } from './user.ts'

/** Who asks, as far as services care. */
export interface Caller {
  /** IP address. */
  address: string
  /** The address as throttles count it: IPv6 is cut to its /64. */
  network: string
  isWhitelisted: boolean
  /** A web page of another site asks, and those may not upload here. */
  isUnwantedPage: boolean
  uploadToken: string | undefined
  credentials: Credentials
  /** Who is logged in; while an administrator impersonates somebody, that somebody. */
  user: User | undefined
  /** The administrator who acts as `user`. */
  impersonator: User | undefined
  /** The API token by which `user` is known; undefined: by a session. It opens what it created, and nothing more. */
  tokenId: string | undefined
  /** He works at the machine itself, past every door. */
  isOperator?: boolean
}

/** Who gives commands at the machine itself. */
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

/** Throws `login_required`: nobody is logged in, or by an API token only. */
export function assertLoggedIn({ user, tokenId }: Caller): User {
  if (user && tokenId === undefined) return user
  throw new AppError('login_required')
}

/** Throws `login_required` as `assertLoggedIn`, and `forbidden`. */
export function assertAdmin(caller: Caller): void {
  assertLoggedIn(caller)
  if (!isAdmin(caller)) throw new AppError('not_admin')
}

/** Throws `login_required` and `forbidden` as `assertAdmin`, unless it is about the caller's own account. */
export function assertSelfOrAdmin(caller: Caller, userId: string): void {
  if (assertLoggedIn(caller).id !== userId) assertAdmin(caller)
}

/** Tokens lie around in configuration files: even an administrator's grants no more than anybody's (Plik 1.3.8). */
export const isAdmin = ({
  user,
  impersonator,
  tokenId,
  isOperator = false,
}: Pick<Caller, 'user' | 'impersonator' | 'tokenId' | 'isOperator'>): boolean =>
  isOperator || (tokenId === undefined && (impersonator ?? user)?.isAdmin === true)
