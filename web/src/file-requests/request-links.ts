import { serverUrl } from '../lib/api.ts'
import { remembered } from '../lib/browser-storage.ts'
import { href } from '../lib/router.ts'
import { changeRecent, recentOf } from '../send/recent.ts'

/** Tokens of requests that were created in this tab: the server returns a token only once. */
const tokenOf = (requestId: string) => remembered(`request-${requestId}`, () => sessionStorage)

export function rememberRequest(uploadId: string, { id, requestToken }: { id: string; requestToken: string }): void {
  tokenOf(id).set(requestToken)
  changeRecent(uploadId, { requests: { ...recentOf(uploadId)?.requests, [id]: requestToken } })
}

/** The link for guests, if its token is known. It is built here because the server does not always know its own address. */
export function knownLink(uploadId: string, requestId: string): string | undefined {
  const request = tokenOf(requestId).get() ?? recentOf(uploadId)?.requests?.[requestId]
  return request === undefined ? undefined : serverUrl(href('/', { request }))
}
