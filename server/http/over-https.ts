import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { isHttps } from './source-address.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the client speaks HTTPS, as far as settings or trusted proxies tell. */
    readonly overHttps: boolean
  }
}

/** Each request knows whether its client speaks HTTPS: what is configured says so for all of them, else each for itself. */
export function tellHttps(app: FastifyInstance, config: Config): void {
  const isAlways = config.enhancedWebSecurity || config.publicUrl.startsWith('https:')
  app.decorateRequest('overHttps', {
    getter(this: FastifyRequest) {
      return isAlways || isHttps(this, config)
    },
  })
}
