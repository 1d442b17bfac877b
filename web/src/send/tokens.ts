import { remembered } from '../lib/browser-storage.ts'
import { replaceRoute, route } from '../lib/router.ts'
import { forgetRecent, recentOf } from './recent.ts'

/** Upload tokens that this tab has seen: they are taken out of the address, and a reload must not take the rights away. */
const tokenOf = (uploadId: string) => remembered(`token-${uploadId}`, () => sessionStorage)
/** Until the page is left, also where the browser keeps nothing. */
const seen = new Map<string, string | undefined>()

/** Undefined: the upload is gone, or nobody is to have any right to it from here. */
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
