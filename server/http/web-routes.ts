import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import { baseUrl } from './links.ts'
import { uploadPage } from './pages.ts'

const ASSETS = fileURLToPath(new URL('../../web/public', import.meta.url))

/** Our own pages load nothing from elsewhere and run no script. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** The page. */
export function webRoutes({ config }: { config: Config }) {
  return async (app: FastifyInstance): Promise<void> => {
    await app.register(fastifyStatic, { root: ASSETS, prefix: '/assets/', maxAge: '1h', decorateReply: false })
    app.get('/', (request, reply) =>
      reply
        .headers({ 'Content-Security-Policy': PAGE_POLICY, 'Cache-Control': 'no-cache' })
        .type('text/html; charset=utf-8')
        .send(uploadPage({ config, base: baseUrl(request, config) })),
    )
  }
}
