import type { FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { AppError } from '../lib/errors.ts'

type Domains = Pick<Config, 'downloadDomain' | 'downloadDomainAliases' | 'publicUrl' | 'pathPrefix'>

/** Paths that a download domain serves, below the path prefix: content, its preflights, and health checks. */
const OF_DOWNLOAD_DOMAIN =
  /^(?:(?:GET|HEAD) \/(?:file|stream|archive)\/|POST \/archive\/|OPTIONS |(?:GET|HEAD) \/(?:health|ready)$)/

/** If there is a download domain, content is served only from it and its aliases. Throws `bad_request`. */
export function createContentGuard(config: Domains) {
  const hosts = downloadHosts(config)
  return ({ host }: FastifyRequest): void => {
    if (hosts.size > 0 && !hosts.has(plainHost(host))) throw new AppError('download_domain_wrong', { host })
  }
}

/**
 * The download domain serves only content once `PUBLIC_URL` is set: uploaded content then never shares an origin with the
 * page, sessions and the API. Throws `not_found`.
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

/** Normalises a host: browsers may send the default port and the trailing dot of the root (RFC 9110 §4.2.3). */
export const plainHost = (host: string): string => host.toLowerCase().replace(/\.?(?::(?:80|443))?$/, '')
