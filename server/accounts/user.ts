import type { Row } from '../database/schema.ts'

/** Where a user's identity is verified: by this server, or by an external provider. */
export const PROVIDERS = ['local', 'oidc', 'google', 'ovh', 'github'] as const
export type Provider = (typeof PROVIDERS)[number]

/** A user with `passwordHash`, which is null for users of an external provider. */
export interface Account extends Omit<Row<'users'>, 'maxFileSize' | 'maxUserSize'> {
  maxFileSizeBytes: number
  maxUserSizeBytes: number
}

/** A user with an account. */
export type User = Omit<Account, 'passwordHash'>

export const userIdOf = (provider: Provider, login: string): string => `${provider}:${login}`

/** Sort keys of user lists; `size`: current size of their files, `lifetimeSize`: size of all files they ever uploaded. */
export const USER_SORTS = ['date', 'size', 'lifetimeSize', 'downloadedBytes'] as const
export type UserSort = (typeof USER_SORTS)[number]

export interface UserFilter {
  provider?: string | undefined
  isAdmin?: boolean | undefined
}
