import type { CallOptions } from '../../../client/src/connection.ts'
import type { tokenJson } from '../../../server/accounts/account-shapes.ts'
import type { listedUploadJson } from '../../../server/uploads/upload-shapes.ts'
import { type Access, accessHeaders, call, json } from '../lib/api.ts'
import type { PageOf } from '../lib/paged.ts'
import type { UserJson } from '../lib/session.ts'

/** Requests of users about their own account, and of administrators about all accounts. Every function throws `MayflyError`. */

export type TokenJson = ReturnType<typeof tokenJson>
export type ListedUpload = ReturnType<typeof listedUploadJson>

/** Query parameters of a list; empty ones are left out. */
export type Query = Record<string, string | undefined>

const withQuery = (path: string, query: Query): string => {
  const asked = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return asked.length === 0 ? path : `${path}?${new URLSearchParams(asked)}`
}
const page = <T>(path: string, query: Query): Promise<PageOf<T>> => json(withQuery(path, { limit: '50', ...query }))
const post = (body: unknown): CallOptions => ({ method: 'POST', body: JSON.stringify(body) })
const userPath = (id: string): string => `user/${encodeURIComponent(id)}`

export const listMyUploads = (query: Query): Promise<PageOf<ListedUpload>> => page('me/uploads', query)
export const listAllUploads = (query: Query): Promise<PageOf<ListedUpload>> => page('uploads', query)

/** The time counts from now; -1: forever. */
export const extendUpload = (id: string, ttl: number, access: Access): Promise<{ expireAt: string | null }> =>
  json(`upload/${encodeURIComponent(id)}`, {
    method: 'PATCH',
    headers: accessHeaders(access),
    body: JSON.stringify({ ttl }),
  })

export const listTokens = (query: Query): Promise<PageOf<TokenJson>> => page('me/token', query)
export const createToken = (comment: string): Promise<TokenJson> => json('me/token', post({ comment }))
export const deleteToken = (token: string): Promise<unknown> => call(`me/token/${token}`, { method: 'DELETE' })

/** Storage used by a user, or by all users of the server. */
export interface Usage {
  uploads: number
  files: number
  totalSize: number
}
export const getMyUsage = (): Promise<Usage> => json('me/stats')

export const changeProfile = (changes: { language?: string; theme?: string }): Promise<UserJson> =>
  json('me', { method: 'PATCH', body: JSON.stringify(changes) })

/** Replaces all properties of a user; the password only if one is given. */
export const replaceUser = (user: UserJson & { password?: string }): Promise<UserJson> =>
  json(userPath(user.id), post(user))

export const deleteMyself = (): Promise<unknown> => call('me', { method: 'DELETE' })

/** Approves the login of a command-line client: it gets a token called `comment`. */
export const approveCli = (code: string, comment: string): Promise<unknown> =>
  call('auth/cli/approve', post({ code, comment }))

export type NewUser = Omit<UserJson, 'id' | 'createdAt'> & { password?: string }

export const listUsers = (query: Query): Promise<PageOf<UserJson>> => page('users', query)
export const searchUsers = (q: string): Promise<UserJson[]> => json(withQuery('users/search', { q, limit: '20' }))
export const createUser = (user: NewUser): Promise<UserJson> => json('user', post(user))
export const deleteUser = (id: string): Promise<unknown> => call(userPath(id), { method: 'DELETE' })

export interface ServerStats extends Usage {
  users: number
  anonymousUploads: number
  anonymousTotalSize: number
}
export interface ActivityDay {
  /** `2026-11-23` */
  day: string
  downloads: number
  downloadedBytes: number
  uploads: number
  uploadedBytes: number
}
export interface TrendingUpload {
  id: string
  comments: string
  /** Set if the comments and names are encrypted. */
  e2ee?: string
  user?: string
  size: number
  files: number
  downloadCount: number
  downloadedBytes: number
}
export interface TrendingFile {
  id: string
  uploadID: string
  name: string
  e2ee?: string
  user?: string
  size: number
  downloadCount: number
}

export const getStats = (): Promise<ServerStats> => json('stats')
export const getActivity = (days: number): Promise<ActivityDay[]> => json(`stats/activity/daily?days=${days}`)
export const trendingUploads = (window: string): Promise<TrendingUpload[]> =>
  json(withQuery('stats/trending/uploads', { window, limit: '10' }))
export const trendingFiles = (window: string): Promise<TrendingFile[]> =>
  json(withQuery('stats/trending/files', { window, limit: '10' }))
