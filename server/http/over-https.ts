import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { isHttps } from './source-address.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the client uses HTTPS, according to the settings or to trusted proxies. */
    readonly overHttps: boolean
  }
}

/** Sets `overHttps` on each request: from the settings, or else from the request itself. */
export function tellHttps(app: FastifyInstance, config: Config): void {
  const isAlways = config.enhancedWebSecurity || config.publicUrl.startsWith('https:')
  app.decorateRequest('overHttps', {
    getter(this: FastifyRequest) {
      return isAlways || isHttps(this, config)
    },
  })
}
