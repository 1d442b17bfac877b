import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { pageBase } from '../http/links.ts'
import type { AppError } from '../lib/errors.ts'
import type { PagesFor } from './pages.ts'

/** Where people come by a link or from a login elsewhere, and not a program of ours. */
const VISITED = /^\/(?:(?:file|stream|archive)\/|auth\/\w+\/callback$)/
/** The form, and lists of files: what a browser asks for here is looked at by a person. */
const SHOWN = /^(?:GET|HEAD|POST) \/?$/
/** Programs that say they take HTML, too; Plik knows them by the beginning of their name (1.3.8, `redirect`). */
const PROGRAMS = /^(?:wget|curl|python-urllib|libwww-perl|libwwww-perl|php|pycurl|go-http-client|plik_client)/i
/** The browser's own question for a password; and preview bots, who are to learn that there is nothing to see. */
const SHOWN_AS_THEY_ARE = [401, 406]

/**
 * Where a person who opened a link to a file, or comes back from a login elsewhere, is told why it does not work: Plik's page for errors. Undefined: the answer is
 * for a program, as text.
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

/** What a person is told in place of the form or list. Undefined: the answer is for a program, as text. */
export function refusalPageFor(
  request: FastifyRequest,
  error: AppError,
  pagesFor: PagesFor,
  { pathPrefix }: Pick<Config, 'pathPrefix'>,
): { headers: Record<string, string>; text: string } | undefined {
  const route = request.routeOptions.url?.slice(pathPrefix.length)
  if (route === undefined || !SHOWN.test(`${request.method} ${route}`) || !isPerson(request.headers)) return undefined
  try {
    const { headers, refused } = pagesFor(request)
    return { headers, text: refused(error) }
  } catch {
    return undefined // the page is not built
  }
}

/** Who reads what is answered, rather than a program. */
export const isPerson = ({ accept = '', 'user-agent': agent = '' }: IncomingHttpHeaders): boolean =>
  accept.includes('text/html') && !PROGRAMS.test(agent)
