import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import type { CallerReader } from '../http/caller.ts'
import { acceptAnyBody, readRequiredJson } from '../http/json-body.ts'
import { isFromOtherSite } from '../http/origins.ts'
import { LIMITED_AS_LOGIN } from '../http/rate-limited.ts'
import { clearSessionCookies, sessionTokenOf, setSessionCookies } from '../http/session-cookies.ts'
import { AppError } from '../lib/errors.ts'
import { LoginBody } from './account-shapes.ts'
import type { Sessions } from './sessions.ts'

interface Dependencies {
  sessions: Sessions
  readCaller: CallerReader
  config: Config
}

/** Logging in and out. Existing cookies are ignored: a stale one must not prevent a login. */
export function authRoutes({ sessions, readCaller, config }: Dependencies) {
  return async (app: FastifyInstance): Promise<void> => {
    acceptAnyBody(app)

    app.post('/auth/local/login', { config: LIMITED_AS_LOGIN }, async (request, reply) => {
      assertAuthentication(config)
      assertOwnPage(request, config, 'login_from_other_site')
      const { login, password } = await readRequiredJson(request, LoginBody)
      if (!login) throw new AppError('login_missing')
      if (!password) throw new AppError('password_missing')
      const session = await sessions.logIn(login, password, readCaller.network(request))
      setSessionCookies(reply, session)
      return 'ok'
    })

    app.get('/auth/logout', async (request, reply) => {
      assertOwnPage(request, config, 'logout_from_other_site')
      const token = sessionTokenOf(request)
      if (token) await sessions.end(token)
      clearSessionCookies(reply)
      return ''
    })
  }
}

/**
 * Throws `forbidden` for requests from other sites: a page of another site could log the browser in to an account of its
 * choice, to which its user would then upload, or log it out. A secret in a header can't prevent this: there is none
 * before the login, and Plik's clients do not send it.
 */
function assertOwnPage(
  request: FastifyRequest,
  config: Config,
  refusal: 'login_from_other_site' | 'logout_from_other_site',
): void {
  if (isFromOtherSite(request, config)) throw new AppError(refusal)
}

function assertAuthentication({ featureAuthentication }: Pick<Config, 'featureAuthentication'>): void {
  if (featureAuthentication === 'disabled') throw new AppError('authentication_disabled')
}
