import type { FastifyRequest } from 'fastify'

/**
 * The name of a cookie with this path. Over HTTPS, browsers take one with this prefix from its own host only (RFC 6265bis
 * §4.1.3.2): a server at another name of the same domain can't plant its own. They insist on the path `/`.
 */
export const boundName = (name: string, { overHttps }: FastifyRequest, path: string): string =>
  overHttps && path === '/' ? `__Host-${name}` : name
