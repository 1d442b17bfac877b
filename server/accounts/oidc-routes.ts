import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Config } from '../config/config.ts'
import type { CallerReader } from '../http/caller.ts'
import { boundName } from '../http/cookies.ts'
import { LIMITED_AS_LOGIN } from '../http/rate-limited.ts'
import { setSessionCookies } from '../http/session-cookies.ts'
import { AppError } from '../lib/errors.ts'
import { type LoginAttempt, OIDC_CALLBACK, type Oidc } from './oidc.ts'
import type { Sessions } from './sessions.ts'

interface Dependencies {
  oidc: Oidc
  sessions: Sessions
  readCaller: CallerReader
  config: Config
}

/** Cookie with the state of a login, which the browser must send when it returns from the provider. */
const ATTEMPT_COOKIE = 'mayfly-oidc'
const ATTEMPT_SECONDS = 600
const Attempt = z.object({ state: z.string(), nonce: z.string(), verifier: z.string() })

/** Providers that Plik supports and this server does not: its page reads `/config`, other clients get this error. */
const OTHERS = { google: 'Google', github: 'GitHub', ovh: 'OVH' }

/** Logging in at an OpenID Connect provider. The page requests an address and opens it; the provider redirects back. */
export function oidcRoutes({ oidc, sessions, readCaller, config }: Dependencies) {
  const isOn = config.featureAuthentication !== 'disabled' && config.oidcIssuer !== ''

  function assertOn(): void {
    if (config.featureAuthentication === 'disabled') throw new AppError('authentication_disabled')
    if (!isOn) throw new AppError('provider_disabled', { name: 'OIDC' })
  }

  async function logIn(request: FastifyRequest, reply: FastifyReply) {
    assertOn()
    const { url, attempt } = await oidc.begin()
    const value = Buffer.from(JSON.stringify(attempt)).toString('base64url')
    reply.setCookie(attemptCookieFor(request), value, { ...cookieOptions(request), maxAge: ATTEMPT_SECONDS })
    return url
  }

  async function callBack(request: FastifyRequest, reply: FastifyReply) {
    assertOn()
    const attempt = attemptOf(request)
    reply.clearCookie(attemptCookieFor(request), { ...cookieOptions(request), maxAge: 0 })
    const user = await oidc.finish(request.url.split('?')[1] ?? '', attempt, readCaller.isWhitelisted(request))
    setSessionCookies(reply, await sessions.start(user))
    return reply.redirect(`${config.publicUrl}/#/login`, 302)
  }

  return async (app: FastifyInstance): Promise<void> => {
    app.get('/auth/oidc/login', { config: LIMITED_AS_LOGIN }, logIn)
    app.get(OIDC_CALLBACK, { config: LIMITED_AS_LOGIN }, callBack)
    for (const [path, name] of Object.entries(OTHERS)) {
      for (const step of ['login', 'callback']) {
        app.get(`/auth/${path}/${step}`, async () => {
          throw new AppError('provider_disabled', { name })
        })
      }
    }
  }
}

const cookieOptions = (request: FastifyRequest) =>
  ({
    path: cookiePathOf(request),
    httpOnly: true,
    sameSite: 'lax', // the provider redirects the browser back, which is a cross-site navigation
    secure: request.overHttps,
  }) as const

/** The narrowest path that the cookie name allows. */
const cookiePathOf = ({ server, overHttps }: FastifyRequest): string =>
  overHttps && server.prefix === '' ? '/' : server.prefix + OIDC_CALLBACK

const attemptCookieFor = (request: FastifyRequest): string => boundName(ATTEMPT_COOKIE, request, cookiePathOf(request))

/** Throws `bad_request` if the login was not started in this browser, or its cookie has expired. */
function attemptOf(request: FastifyRequest): LoginAttempt {
  try {
    return Attempt.parse(
      JSON.parse(Buffer.from(request.cookies[attemptCookieFor(request)] ?? '', 'base64url').toString()),
    )
  } catch {
    throw new AppError('oidc_cookie_missing')
  }
}
