import type { FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { plainHost } from './domains.ts'

/**
 * Whether the browser sent this request for a page of another site. Browsers send Fetch Metadata (§2.3, over HTTPS only)
 * or the page's origin (Fetch §3.2), which no page can change. Programs send neither, browser extensions send an origin
 * of their own: both are not pages.
 */
export function isFromOtherSite({ headers, host }: FastifyRequest, { publicUrl }: Pick<Config, 'publicUrl'>): boolean {
  const { origin } = headers
  if (origin !== undefined && !/^(?:https?:|null$)/i.test(origin)) return false
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  return origin !== undefined && origin !== originOf(publicUrl) && hostOf(origin) !== plainHost(host)
}

/**
 * Whether a page of another site is not allowed to upload. With a whitelist, the address of a person gives them the right
 * to upload, and any page that they visit would have it, too. Without one there is nothing to protect.
 */
export function isUnwantedPage(
  request: FastifyRequest,
  config: Pick<Config, 'publicUrl' | 'uploadOrigins' | 'uploadWhitelist'>,
): boolean {
  const { uploadOrigins, uploadWhitelist } = config
  const isAnyWelcome = uploadOrigins.includes('any') || (uploadOrigins.length === 0 && uploadWhitelist.length === 0)
  if (isAnyWelcome || uploadOrigins.includes(request.headers.origin ?? '')) return false
  return isFromOtherSite(request, config)
}

const originOf = (url: string): string | undefined => URL.parse(url)?.origin

/** Returns undefined for the origin `null`. */
const hostOf = (origin: string): string | undefined => {
  const host = URL.parse(origin)?.host
  return host && plainHost(host)
}
