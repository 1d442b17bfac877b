import type { FastifyRequest } from 'fastify'

/** Route options for `rate-limits.ts`. */

/**
 * How a route could be abused, which decides how it is limited:
 * - `none`: not at all; static files and health checks, never limited
 * - `lookup`: by guessing ids of other people's uploads. The default
 * - `secret`: not without a secret that is too long to be guessed
 * - `create`: by filling the server with anonymous uploads
 * - `login`: by trying passwords
 */
export type RateLimited = 'none' | 'lookup' | 'secret' | 'create' | 'login'

declare module 'fastify' {
  interface FastifyContextConfig {
    rateLimited?: RateLimited | ((request: FastifyRequest) => RateLimited)
  }
}

export const NOT_LIMITED = { rateLimited: 'none' } as const
export const LIMITED_AS_CREATE = { rateLimited: 'create' } as const
export const LIMITED_AS_LOGIN = { rateLimited: 'login' } as const
export const LIMITED_AS_SECRET = { rateLimited: 'secret' } as const
