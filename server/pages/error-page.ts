import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { pageBase } from '../http/links.ts'
import type { AppError } from '../lib/errors.ts'
import type { PagesFor } from './pages.ts'

/** Addresses that people open by a link, or return to from a login provider. */
const VISITED = /^\/(?:(?:file|stream|archive)\/|auth\/\w+\/callback$)/
/** The form, and lists of files, which browsers request for a person. */
const SHOWN = /^(?:GET|HEAD|POST) \/?$/
/** Programs that accept HTML; Plik recognises them by the beginning of their name (1.3.8, `redirect`). */
const PROGRAMS = /^(?:wget|curl|python-urllib|libwww-perl|libwwww-perl|php|pycurl|go-http-client|plik_client)/i
/**
 * Statuses that must not be replaced by a page: the browser's password dialog (401), and the response to preview bots
 * (406).
 */
const SHOWN_AS_THEY_ARE = [401, 406]

/**
 * The address of Plik's error page for a person who opened a link to a file, or returns from a login provider. Undefined:
 * the client is a program and gets text.
 */
export function errorPageFor(
  { method, url, headers, routeOptions }: FastifyRequest,
  { status, message }: { status: number; message: string },
  config: Pick<Config, 'publicUrl' | 'pathPrefix'>,
): string | undefined {
  const route = (routeOptions.url ?? '').slice(config.pathPrefix.length)
  if (!['GET', 'HEAD'].includes(method) || !VISITED.test(route) || SHOWN_AS_THEY_ARE.includes(status)) return undefined
  if (!isPerson(headers)) return undefined
  const query = new URLSearchParams({ err: message, errcode: String(status), uri: url })
  return `${pageBase(config)}/#/?${query}`
}

interface ErrorPage {
  headers: Record<string, string>
  text: string
}

/** The page that replaces the form or the list in case of an error. Undefined: the client is a program and gets text. */
export function refusalPageFor(
  request: FastifyRequest,
  error: AppError,
  pagesFor: PagesFor,
  { pathPrefix }: Pick<Config, 'pathPrefix'>,
): ErrorPage | undefined {
  const route = request.routeOptions.url?.slice(pathPrefix.length)
  if (route === undefined || !SHOWN.test(`${request.method} ${route}`) || !isPerson(request.headers)) return undefined
  return builtPage(() => {
    const { headers, refused } = pagesFor(request)
    return { headers, text: refused(error) }
  })
}

/** The page at an address without a route. Undefined: the client is a program and gets text. */
export function unknownPageFor(request: FastifyRequest, pagesFor: PagesFor): ErrorPage | undefined {
  if (!['GET', 'HEAD'].includes(request.method) || !isPerson(request.headers)) return undefined
  return builtPage(() => {
    const { headers, unknown } = pagesFor(request)
    return { headers, text: unknown(request.originalUrl) }
  })
}

function builtPage(make: () => ErrorPage): ErrorPage | undefined {
  try {
    return make()
  } catch {
    return undefined // the page is not built
  }
}

/** Whether the response is read by a person, not by a program. */
export const isPerson = ({ accept = '', 'user-agent': agent = '' }: IncomingHttpHeaders): boolean =>
  accept.includes('text/html') && !PROGRAMS.test(agent)
