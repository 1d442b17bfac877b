import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import cookie from '@fastify/cookie'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync, LogController } from 'fastify'
import type { Config } from '../config/config.ts'
import type { SteadyClock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { PagesFor } from '../pages/pages.ts'
import type { Uploads } from '../uploads/uploads.ts'
import type { CallerReader } from './caller.ts'
import { addCommonHeaders, answerPreflights } from './common-headers.ts'
import { createPageGuard } from './domains.ts'
import { createErrorHandler, createNotFoundHandler, handleClientError } from './error-handler.ts'
import type { Metrics } from './metrics.ts'
import { describeRoutes } from './openapi.ts'
import { tellHttps } from './over-https.ts'
import { limitRates } from './rate-limits.ts'
import { confirmByNextRequests } from './receipt.ts'
import { boundUnreadBody, continueWhenRead } from './unread-body.ts'
import { wellEncodedUrl } from './well-encoded.ts'

const HEADERS_TIMEOUT_MS = 20_000
/** Node's default is to check for late headers only every 30 s. */
const TIMEOUT_CHECK_MS = 5_000
/** 1024 bytes of a file name, each percent-encoded. */
const MAX_PARAM_LENGTH = 4_096

interface Dependencies {
  config: Config
  log: FastifyBaseLogger
  readCaller: CallerReader
  findUpload: Uploads['find']
  steady: SteadyClock
  pagesFor: PagesFor
  routes: FastifyPluginAsync[]
  /** Counts each response, if metrics are enabled. */
  observe?: Metrics['observe'] | undefined
}

/** The HTTP server, with the hooks of all routes, and the routes themselves. */
export async function createServer({
  config,
  log,
  readCaller,
  findUpload,
  steady,
  pagesFor,
  routes,
  observe,
}: Dependencies): Promise<FastifyInstance> {
  const handleError = createErrorHandler(config, pagesFor)
  const assertServed = createPageGuard(config)
  const app = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }), // its log entries contain the URL, and so the file's name
    genReqId: requestIds(),
    exposeHeadRoutes: false, // a HEAD must never run a handler that takes a claim; harmless routes enable it, see `with-head.ts`
    rewriteUrl: ({ url = '/' }) => wellEncodedUrl(url),
    routerOptions: { ignoreDuplicateSlashes: true, maxParamLength: MAX_PARAM_LENGTH },
    connectionTimeout: config.idleTimeoutMs, // slow senders are not cut: every byte restarts the timeout
    requestTimeout: 0, // would cut long uploads
    return503OnClosing: false, // requests on a connection that is closing are served as usual, not with a 503 of Fastify
    forceCloseConnections: 'idle',
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    frameworkErrors: handleError,
    clientErrorHandler: handleClientError,
  })
  tellHttps(app, config)
  app.setErrorHandler(handleError)
  app.setNotFoundHandler(createNotFoundHandler(pagesFor))
  app.addHook('onRequest', (request, _reply, done) => {
    assertSingleHost(request.raw)
    assertServed(request)
    done()
  })
  addCommonHeaders(app)
  continueWhenRead(app.server)
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    if (!raw.complete) boundUnreadBody(raw)
    done()
  })
  logRequests(app, log)
  if (observe) app.addHook('onResponse', async (request, reply) => observe(request, reply))
  closeInPeace(app)
  confirmByNextRequests(app.server)
  await app.register(cookie)
  await limitRates(app, { config, readCaller, findUpload, steady })
  await describeRoutes(app, config)
  answerPreflights(app)
  for (const plugin of routes) await app.register(plugin, { prefix: config.pathPrefix })
  return app
}

/** Log levels at which entries of the level `info` are written. */
const WRITTEN_LEVELS = ['trace', 'debug', 'info']

/**
 * Logs one line for each request, with its route but never the path or an upload's id, since links are secrets and names
 * private.
 */
function logRequests(app: FastifyInstance, log: FastifyBaseLogger): void {
  if (!WRITTEN_LEVELS.includes(log.level)) return
  app.addHook('onResponse', (request, reply, done) => {
    const { id: reqId, params, method, routeOptions } = request
    const { uploadId, fileId: file } = (params ?? {}) as { uploadId?: string; fileId?: string }
    const route = `${method} ${routeOptions.url ?? '(none)'}`
    const upload = uploadId && displayName(uploadId)
    const ms = Math.round(reply.elapsedTime)
    log.info({ reqId, route, upload, file, status: reply.statusCode, ms }, 'answered')
    done()
  })
}

/**
 * On `close`, handlers may still have to clean up after a connection that was cut, so the services that they use must be
 * closed later. And connections that become idle during `close` would keep the server waiting until they time out.
 */
function closeInPeace(app: FastifyInstance): void {
  let running = 0
  let isClosing = false
  let allEnded = () => {}
  function ended(): void {
    running -= 1
    if (running === 0) allEnded()
  }
  app.addHook('onRoute', (route) => {
    const { handler } = route
    route.handler = function (request, reply) {
      const run: unknown = handler.call(this, request, reply)
      if (run instanceof Promise) {
        running += 1
        run.then(ended, ended)
      }
      return run
    }
  })
  app.addHook('preClose', async () => {
    isClosing = true
  })
  app.addHook('onResponse', (_request, _reply, done) => {
    if (isClosing) setImmediate(() => app.server.closeIdleConnections())
    done()
  })
  app.addHook('onClose', async () => {
    if (running > 0) await new Promise<void>((resolve) => (allEnded = resolve))
  })
}

/** Distinguishes uploads in the log without giving access to them. */
const displayName = (uploadId: string): string => hash('sha256', uploadId).slice(0, 8)

/** Unique across processes, and cheap: a random id for each request is 5 % of a small download. */
function requestIds(): () => string {
  const process = newId().slice(0, 6)
  let count = 0
  return () => `${process}-${++count}`
}

const HOST = 'host'

/** Proxies differ in which of two Host headers they use, so such requests are rejected as possible attacks. */
function assertSingleHost({ rawHeaders }: IncomingMessage | Http2ServerRequest): void {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (name.length === HOST.length && name.toLowerCase() === HOST) hosts += 1
  }
  if (hosts > 1) throw new AppError('several_host_headers')
}
