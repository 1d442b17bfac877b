import type { Row } from '../database/schema.ts'

/** Who may have an account here, and where they prove who they are. */
export const PROVIDERS = ['local', 'oidc', 'google', 'ovh', 'github'] as const
export type Provider = (typeof PROVIDERS)[number]

/** With `passwordHash`, which is null for who logs in elsewhere. */
export interface Account extends Omit<Row<'users'>, 'maxFileSize' | 'maxUserSize'> {
  maxFileSizeBytes: number
  maxUserSizeBytes: number
}

/** Somebody with an account. */
export type User = Omit<Account, 'passwordHash'>

export const userIdOf = (provider: Provider, login: string): string => `${provider}:${login}`

/** Sort keys of user lists; `size`: current size of their files, `lifetimeSize`: size of all files they ever uploaded. */
export const USER_SORTS = ['date', 'size', 'lifetimeSize', 'downloadedBytes'] as const
export type UserSort = (typeof USER_SORTS)[number]

export interface UserFilter {
  provider?: string | undefined
  isAdmin?: boolean | undefined
}
