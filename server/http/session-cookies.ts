import type { FastifyReply, FastifyRequest } from 'fastify'
import type { NewSession } from '../accounts/sessions.ts'
import type { Config } from '../config.ts'

/** The cookies of a browser that is logged in, under the names that Plik's page knows. */
const SESSION_COOKIE = 'plik-session'
/** The page reads it and sends it back as `X-XSRFToken`, which no other site can. */
const XSRF_COOKIE = 'plik-xsrf'

export const sessionTokenOf = ({ cookies }: FastifyRequest): string | undefined => cookies[SESSION_COOKIE] || undefined

type Settings = Pick<Config, 'enhancedWebSecurity' | 'publicUrl'>

export function setSessionCookies(reply: FastifyReply, session: NewSession, settings: Settings): void {
  const options = {
    path: pathOf(reply),
    maxAge: session.maxAgeSeconds,
    secure: settings.enhancedWebSecurity || settings.publicUrl.startsWith('https:'),
    sameSite: 'lax',
  } as const
  reply.setCookie(SESSION_COOKIE, session.token, { ...options, httpOnly: true })
  reply.setCookie(XSRF_COOKIE, session.xsrfToken, options)
}

export function clearSessionCookies(reply: FastifyReply): void {
  const options = { path: pathOf(reply), maxAge: 0, sameSite: 'lax' } as const
  reply.clearCookie(SESSION_COOKIE, { ...options, httpOnly: true })
  reply.clearCookie(XSRF_COOKIE, options)
}

/** Every door is mounted under the path prefix. */
const pathOf = ({ server }: FastifyReply): string => server.prefix || '/'
