import type { FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { AppError } from '../lib/errors.ts'

type Domains = Pick<Config, 'downloadDomain' | 'downloadDomainAliases' | 'publicUrl' | 'pathPrefix'>

/** What a download domain serves, below the path prefix: content, preflights for it, and signs of life. */
const OF_DOWNLOAD_DOMAIN =
  /^(?:(?:GET|HEAD) \/(?:file|stream|archive)\/|POST \/archive\/|OPTIONS |(?:GET|HEAD) \/(?:health|ready)$)/

/** Content is served from the download domain and its aliases alone, if there is one. Throws `bad_request`. */
export function createContentGuard(config: Domains) {
  const hosts = downloadHosts(config)
  return ({ host }: FastifyRequest): void => {
    if (hosts.size > 0 && !hosts.has(plainHost(host))) throw new AppError('download_domain_wrong', { host })
  }
}

/**
 * And the download domain serves content alone, once `PUBLIC_URL` says where everything else is: what people upload then
 * never shares an origin with page, sessions and API. Throws `not_found`.
 */
export function createPageGuard(config: Domains) {
  const { publicUrl, pathPrefix } = config
  const hosts = downloadHosts(config)
  if (publicUrl === '' || hosts.has(plainHost(new URL(publicUrl).host))) return () => {}
  return ({ host, method, routeOptions }: FastifyRequest): void => {
    if (!hosts.has(plainHost(host))) return
    const route = `${method} ${(routeOptions.url ?? '').slice(pathPrefix.length)}`
    if (!OF_DOWNLOAD_DOMAIN.test(route)) throw new AppError('files_only_domain', { url: `${publicUrl}/` })
  }
}

function downloadHosts({ downloadDomain, downloadDomainAliases }: Domains): Set<string> {
  if (downloadDomain === '') return new Set()
  return new Set([downloadDomain, ...downloadDomainAliases].map((origin) => plainHost(new URL(origin).host)))
}

/** A host in one spelling: browsers may send the port that goes without saying, and the dot of the root (RFC 9110 §4.2.3). */
export const plainHost = (host: string): string => host.toLowerCase().replace(/\.?(?::(?:80|443))?$/, '')
