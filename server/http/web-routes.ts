import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import { serverUrl } from './links.ts'
import { PAGE_HEADERS, uploadPage } from './pages.ts'

const ASSETS = fileURLToPath(new URL('../../web/public', import.meta.url))

/** The page. */
export function webRoutes({ config }: { config: Config }) {
  return async (app: FastifyInstance): Promise<void> => {
    await app.register(fastifyStatic, { root: ASSETS, prefix: '/assets/', maxAge: '1h', decorateReply: false })
    app.get('/', (request, reply) =>
      reply
        .headers(PAGE_HEADERS)
        .type('text/html; charset=utf-8')
        .send(uploadPage({ config, base: serverUrl(request, config) })),
    )
  }
}
