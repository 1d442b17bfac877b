import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Scalar's page runs a script of its own, which sets styles, and reads what is described from here. Nothing else may. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const CONFIGURATION = {
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  showDeveloperTools: 'never',
  hideClientButton: true, // leads to somebody else's site
  pageTitle: 'Mayfly API',
} as const

/**
 * What typed routes say about themselves, for programs and for people. The page of several MB is loaded when somebody first
 * looks at it, into an application of its own: plugins can't join one that serves already.
 */
export function openapiRoutes() {
  return async (app: FastifyInstance): Promise<void> => {
    app.get('/openapi.json', async () => app.swagger())

    let pages: Promise<FastifyInstance> | undefined
    const showPage = async ({ url }: FastifyRequest, reply: FastifyReply) => {
      pages ??= createPages(app)
      const { statusCode, headers, rawPayload } = await (await pages).inject({ method: 'GET', url })
      reply.header('Content-Security-Policy', CONTENT_SECURITY_POLICY)
      if (headers.location) reply.header('Location', headers.location)
      return reply.code(statusCode).type(String(headers['content-type'])).send(rawPayload)
    }
    app.get('/docs', showPage)
    app.get('/docs/*', showPage)
  }
}

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
