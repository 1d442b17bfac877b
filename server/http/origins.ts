import type { FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { plainHost } from './domains.ts'

/**
 * Whether a web page of another site made the browser send this request. Browsers say so (Fetch Metadata §2.3, over HTTPS
 * only) or name the page's origin (Fetch §3.2), which no page can change. Programs say neither, extensions of browsers name
 * an origin of their own: both are not pages.
 */
export function isFromOtherSite({ headers, host }: FastifyRequest, { publicUrl }: Pick<Config, 'publicUrl'>): boolean {
  const { origin } = headers
  if (origin !== undefined && !/^(?:https?:|null$)/i.test(origin)) return false
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  return origin !== undefined && origin !== originOf(publicUrl) && hostOf(origin) !== plainHost(host)
}

/**
 * Whether that page may not upload. With a whitelist, people's addresses are what gives them the right, and any page that
 * they visit would have it, too. Without one there is nothing to protect.
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

/** Undefined for the origin `null`. */
const hostOf = (origin: string): string | undefined => {
  const host = URL.parse(origin)?.host
  return host && plainHost(host)
}
