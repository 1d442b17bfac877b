import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { CallerReader } from '../http/caller.ts'
import { acceptAnyBody, readRequiredJson } from '../http/json-body.ts'
import { LIMITED_AS_LOGIN } from '../http/rate-limits.ts'
import { clearSessionCookies, sessionTokenOf, setSessionCookies } from '../http/session-cookies.ts'
import { LoginBody } from './account-shapes.ts'
import type { Sessions } from './sessions.ts'

interface Dependencies {
  sessions: Sessions
  readCaller: CallerReader
  config: Config
}

/** Logging in and out. Whatever cookies come along count for nothing here: a stale one must not keep anybody out. */
export function authRoutes({ sessions, readCaller, config }: Dependencies) {
  return async (app: FastifyInstance): Promise<void> => {
    acceptAnyBody(app)
    app.addHook('onRequest', async (_request, reply) => void reply.header('Cache-Control', 'no-store'))

    app.post('/auth/local/login', { config: LIMITED_AS_LOGIN }, async (request, reply) => {
      assertAuthentication(config)
      assertOwnPage(request)
      const { login, password } = await readRequiredJson(request, LoginBody)
      if (!login) throw new AppError('bad_request', 'missing login')
      if (!password) throw new AppError('bad_request', 'missing password')
      const session = await sessions.logIn(login, password, readCaller.network(request))
      setSessionCookies(reply, session, config)
      return 'ok'
    })

    app.get('/auth/logout', async (request, reply) => {
      const token = sessionTokenOf(request)
      if (token) await sessions.end(token)
      clearSessionCookies(reply)
      return ''
    })
  }
}

/**
 * Throws `forbidden`: a page of somebody else makes a browser log in, as whom it likes, and its user would upload for him.
 * There is no session yet that could hold a secret against it, but browsers say where a request comes from (Fetch Metadata §2.3).
 */
function assertOwnPage({ headers }: FastifyRequest): void {
  if (['cross-site', 'same-site'].includes(headers['sec-fetch-site'] ?? ''))
    throw new AppError('forbidden', 'logging in is possible on the page of this server only')
}

function assertAuthentication({ featureAuthentication }: Pick<Config, 'featureAuthentication'>): void {
  if (featureAuthentication === 'disabled') throw new AppError('bad_request', 'authentication is disabled')
}
