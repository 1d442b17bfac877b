import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { hashToken } from './secrets.ts'
import type { ApiToken, TokensRepo } from './tokens-repo.ts'
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
  /** 36 characters in the shape of a UUID, as Plik's clients know them. Throws `forbidden`: this server has none. */
  async function create(user: User, comment: string): Promise<NewApiToken> {
    if (config.featureApiTokens === 'disabled') throw new AppError('forbidden', 'API tokens are disabled')
    const token = randomUUID()
    const hash = hashToken(token)
    const created = { id: tokenIdOf(hash), hash, userId: user.id, comment, createdAt: clock() }
    await repo.insertToken(created)
    return { ...created, token }
  }

  /** Whose it is. Throws `forbidden`: unknown or revoked, or this server takes none. */
  async function identify(token: string): Promise<{ user: User; tokenId: string }> {
    const found = config.featureApiTokens === 'disabled' ? undefined : await repo.findTokenUser(hashToken(token))
    if (!found) throw new AppError('forbidden', 'invalid token')
    return found
  }

  return { create, identify }
}

/** 64 bits of a hash over 122 random ones: tells tokens apart and leads back to none. */
const tokenIdOf = (hash: string): string => hash.slice(0, 16)
