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

/** The only time that the token itself is known: the database holds its hash. */
export interface NewApiToken extends ApiToken {
  token: string
}

interface Dependencies {
  repo: TokensRepo
  clock: Clock
  config: Pick<Config, 'featureApiTokens'>
}

export type Tokens = ReturnType<typeof createTokens>

/** Keys by which programs act for a user. */
export function createTokens({ repo, clock, config }: Dependencies) {
  /** Throws `bad_request`: this server has none. */
  function assertEnabled(): void {
    if (config.featureApiTokens === 'disabled') throw new AppError('tokens_disabled')
  }

  /** 36 characters in the shape of a UUID, as Plik's clients know them. Throws as `assertEnabled`; `bad_request` for a comment that can't be. */
  async function create(user: User, comment: string): Promise<NewApiToken> {
    assertEnabled()
    assertText('comment', comment)
    const token = randomUUID()
    const hash = hashToken(token)
    const created = { id: tokenIdOf(hash), hash, userId: user.id, comment, createdAt: clock() }
    await repo.insertToken(created)
    return { ...created, token }
  }

  /** Whose it is. Throws `forbidden`: unknown or revoked, or this server takes none. */
  async function identify(token: string): Promise<{ user: User; tokenId: string }> {
    const found = config.featureApiTokens === 'disabled' ? undefined : await repo.findTokenUser(hashToken(token))
    if (!found) throw new AppError('token_invalid')
    return found
  }

  /** Throws as `assertEnabled`. */
  async function list(user: User | undefined, paging: Paging<TokenSort>): Promise<Page<ApiToken>> {
    assertEnabled()
    return repo.listTokens(user?.id, paging)
  }

  /** By the token itself or by its id. Throws `not_found`: this user has no such token. */
  async function get(user: User, reference: string): Promise<ApiToken> {
    const token = await repo.findToken(user.id, idOf(reference))
    if (!token) throw notFound()
    return token
  }

  /** By the token itself or by its id; `user`: only one of that user's. Throws `not_found`. */
  async function revoke(user: User | undefined, reference: string): Promise<void> {
    if (!(await repo.deleteToken(user?.id, idOf(reference)))) throw notFound()
  }

  return { assertEnabled, create, identify, list, get, revoke }
}

const TOKEN_ID = /^[0-9a-f]{16}$/

/** The id of what is either a token or one already. */
export const idOf = (reference: string): string =>
  TOKEN_ID.test(reference) ? reference : tokenIdOf(hashToken(reference))

const notFound = () => new AppError('token_not_found')

/** 64 bits of a hash over 122 random ones: tells tokens apart and leads back to none. */
/** Names a token without opening anything. */
export const tokenIdOf = (hash: string): string => hash.slice(0, 16)
