import type { FastifyReply, FastifyRequest } from 'fastify'
import type { NewSession } from '../accounts/sessions.ts'
import { boundName } from './cookies.ts'

/** The cookies of a logged-in browser, with the names that Plik's page uses. */
const SESSION_COOKIE = 'plik-session'
/** The page reads it and sends it back as `X-XSRFToken`, which no other site can. Only the session's own value is accepted. */
const XSRF_COOKIE = 'plik-xsrf'

export const sessionTokenOf = (request: FastifyRequest): string | undefined =>
  request.cookies[boundName(SESSION_COOKIE, request, pathOf(request))] || undefined

export function setSessionCookies(reply: FastifyReply, session: NewSession): void {
  const options = { ...optionsFor(reply), maxAge: session.maxAgeSeconds }
  reply.setCookie(sessionCookieFor(reply), session.token, { ...options, httpOnly: true })
  reply.setCookie(XSRF_COOKIE, session.xsrfToken, options)
}

export function clearSessionCookies(reply: FastifyReply): void {
  const options = { ...optionsFor(reply), maxAge: 0 }
  reply.clearCookie(sessionCookieFor(reply), { ...options, httpOnly: true })
  reply.clearCookie(XSRF_COOKIE, options)
}

const optionsFor = ({ request }: FastifyReply) =>
  ({ path: pathOf(request), secure: request.overHttps, sameSite: 'lax' }) as const

const sessionCookieFor = ({ request }: FastifyReply): string => boundName(SESSION_COOKIE, request, pathOf(request))

/** Every route is mounted under the path prefix. */
const pathOf = ({ server }: FastifyRequest): string => server.prefix || '/'
