import { remembered } from '../lib/browser-storage.ts'
import { replaceRoute, route } from '../lib/router.ts'
import { forgetRecent, recentOf } from './recent.ts'

/** Upload tokens known to this tab. They are removed from the address, and kept so that a reload does not lose the rights. */
const tokenOf = (uploadId: string) => remembered(`token-${uploadId}`, () => sessionStorage)
/** Kept until the page is left, for browsers without storage. */
const seen = new Map<string, string | undefined>()

/** Undefined: the upload no longer exists, or its rights are dropped in this tab. */
export function rememberToken(uploadId: string, token: string | undefined): void {
  seen.set(uploadId, token)
  tokenOf(uploadId).set(token)
  if (token === undefined) forgetRecent(uploadId)
}

export const knownToken = (uploadId: string): string | undefined =>
  seen.has(uploadId) ? seen.get(uploadId) : (tokenOf(uploadId).get() ?? recentOf(uploadId)?.token)

/** Admin rights are taken out of the address, which people copy and browsers remember. */
export function takeToken(uploadId: string): string | undefined {
  const { uploadToken, ...rest } = Object.fromEntries(route.value.query)
  if (uploadToken === undefined) return knownToken(uploadId)
  rememberToken(uploadId, uploadToken)
  replaceRoute('/', rest)
  return uploadToken
}
