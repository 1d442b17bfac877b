import { hash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/**
 * Scalar's page runs its own scripts, which set styles, and fetches the API description from this server. Everything else
 * is blocked.
 */
const policyFor = (inlineScripts: string[]): string =>
  `default-src 'none'; script-src ${["'self'", ...inlineScripts].join(' ')}; style-src 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

const CONFIGURATION = {
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  showDeveloperTools: 'never',
  hideClientButton: true, // links to an external site
  pageTitle: 'Mayfly API',
} as const

/** One response body for all clients: a slow one holds no copy of its own. */
interface Page {
  status: number
  headers: Record<string, string>
  bytes: Buffer
}

/**
 * The OpenAPI description of typed routes, as JSON and as a page. The page of several MB is loaded at its first request,
 * into a separate Fastify instance: plugins can't be added to one that is already serving.
 */
export function openapiRoutes() {
  return async (app: FastifyInstance): Promise<void> => {
    let description: Buffer | undefined
    app.get('/openapi.json', async (_request, reply) => {
      description ??= Buffer.from(JSON.stringify(app.swagger()))
      return reply.type('application/json; charset=utf-8').send(description)
    })

    let pages: Promise<FastifyInstance> | undefined
    const known = new Map<string, Page>()
    async function findPage(path: string): Promise<Page> {
      pages ??= createPages(app)
      const page = known.get(path) ?? (await pageAt(await pages, `${app.prefix}${encodeURI(path)}`))
      if (page.status === 200) known.set(path, page)
      return page
    }

    const showPage =
      (pathOf: (request: FastifyRequest) => string) => async (request: FastifyRequest, reply: FastifyReply) => {
        const { status, headers, bytes } = await findPage(pathOf(request))
        return reply.code(status).headers(headers).send(bytes)
      }
    app.get(
      '/docs',
      showPage(() => '/docs'),
    )
    app.get(
      '/docs/*',
      showPage(({ params }) => `/docs/${(params as { '*': string })['*']}`),
    )
  }
}

async function pageAt(pages: FastifyInstance, url: string): Promise<Page> {
  const { statusCode, headers, rawPayload } = await pages.inject({ method: 'GET', url })
  const location = headers.location === undefined ? {} : { Location: String(headers.location) }
  const type = String(headers['content-type'])
  const inlineScripts = type.startsWith('text/html') ? hashesOfScripts(rawPayload.toString()) : []
  return {
    status: statusCode,
    headers: { 'Content-Type': type, 'Content-Security-Policy': policyFor(inlineScripts), ...location },
    bytes: rawPayload,
  }
}

/** CSP hashes of the inline scripts of a page (CSP 3 §2.3.1). */
const hashesOfScripts = (page: string): string[] =>
  [...page.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, script = '']) => `'sha256-${hash('sha256', script, 'base64')}'`,
  )

async function createPages(app: FastifyInstance): Promise<FastifyInstance> {
  const [{ default: Fastify }, { default: scalar }] = await Promise.all([
    import('fastify'),
    import('@scalar/fastify-api-reference'),
  ])
  const pages = Fastify()
  await pages.register(scalar, {
    routePrefix: `${app.prefix}/docs` as `/${string}`,
    configuration: { ...CONFIGURATION, content: () => app.swagger() },
  })
  return pages
}
