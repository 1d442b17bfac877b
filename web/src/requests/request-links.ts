import { serverUrl } from '../api.ts'
import { remembered } from '../remembered.ts'
import { href } from '../router.ts'

/** Tokens of requests that this tab has made: the server tells them once. */
const tokenOf = (requestId: string) => remembered(`request-${requestId}`, () => sessionStorage)

export const rememberRequest = ({ id, requestToken }: { id: string; requestToken: string }): void =>
  tokenOf(id).set(requestToken)

/** Where guests go; the server itself does not always know its own address. */
export function knownLink(requestId: string): string | undefined {
  const request = tokenOf(requestId).get()
  return request === undefined ? undefined : serverUrl(href('/', { request }))
}
