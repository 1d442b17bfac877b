import type { FastifyRequest } from 'fastify'

/**
 * The name of a cookie with this path. With this prefix, browsers accept the cookie over HTTPS from its own host only
 * (RFC 6265bis §4.1.3.2), so servers on other subdomains can't set it. The prefix requires the path `/`.
 */
export const boundName = (name: string, { overHttps }: FastifyRequest, path: string): string =>
  overHttps && path === '/' ? `__Host-${name}` : name
