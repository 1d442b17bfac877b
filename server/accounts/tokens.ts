import { randomUUID } from 'node:crypto'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { Page, Paging } from '../lib/paging.ts'
import { assertText } from './account-rules.ts'
import type { ApiToken, TokenSort } from './api-token.ts'
import { hashToken } from './secrets.ts'
import type { TokensRepo } from './tokens-repo.ts'
import type { User } from './user.ts'

/** Known only now: the database stores the hash of the token. */
export interface NewApiToken extends ApiToken {
  token: string
}

interface Dependencies {
  repo: TokensRepo
  clock: Clock
  config: Pick<Config, 'featureApiTokens'>
}

export type Tokens = ReturnType<typeof createTokens>

/** API tokens, by which programs act for a user. */
export function createTokens({ repo, clock, config }: Dependencies) {
  /** Throws `bad_request` if API tokens are switched off. */
  function assertEnabled(): void {
    if (config.featureApiTokens === 'disabled') throw new AppError('tokens_disabled')
  }

  /**
   * Creates a token of 36 characters in the form of a UUID, as Plik's clients expect. Throws like `assertEnabled`;
   * `bad_request` for an invalid comment.
   */
  async function create(user: User, comment: string): Promise<NewApiToken> {
    assertEnabled()
    assertText('comment', comment)
    const token = randomUUID()
    const hash = hashToken(token)
    const created = { id: tokenIdOf(hash), hash, userId: user.id, comment, createdAt: clock() }
    await repo.insertToken(created)
    return { ...created, token }
  }

  /** Returns the owner of a token. Throws `forbidden`: unknown or revoked, or API tokens are switched off. */
  async function identify(token: string): Promise<{ user: User; tokenId: string }> {
    const found = config.featureApiTokens === 'disabled' ? undefined : await repo.findTokenUser(hashToken(token))
    if (!found) throw new AppError('token_invalid')
    return found
  }

  /** Throws like `assertEnabled`. */
  async function list(user: User | undefined, paging: Paging<TokenSort>): Promise<Page<ApiToken>> {
    assertEnabled()
    return repo.listTokens(user?.id, paging)
  }

  /** Accepts the token itself or its id. Throws `not_found` if this user has no such token. */
  async function get(user: User, reference: string): Promise<ApiToken> {
    const token = await repo.findToken(user.id, idOf(reference))
    if (!token) throw notFound()
    return token
  }

  /** Accepts the token itself or its id; `user`: only a token of this user. Throws `not_found`. */
  async function revoke(user: User | undefined, reference: string): Promise<void> {
    if (!(await repo.deleteToken(user?.id, idOf(reference)))) throw notFound()
  }

  return { assertEnabled, create, identify, list, get, revoke }
}

const TOKEN_ID = /^[0-9a-f]{16}$/

/** Returns the id of a token; ids are returned unchanged. */
export const idOf = (reference: string): string =>
  TOKEN_ID.test(reference) ? reference : tokenIdOf(hashToken(reference))

const notFound = () => new AppError('token_not_found')

/**
 * Identifies a token without granting access: 64 bits of a hash over 122 random bits, from which the token can't be
 * computed.
 */
export const tokenIdOf = (hash: string): string => hash.slice(0, 16)
