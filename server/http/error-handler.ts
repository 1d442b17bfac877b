import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { AppError, asAppError } from '../lib/errors.ts'
import { errorPageFor, refusalPageFor, unknownPageFor } from '../pages/error-page.ts'
import type { PagesFor } from '../pages/pages.ts'
import { clearSessionCookies } from './session-cookies.ts'
import { STATUS } from './statuses.ts'
import { boundUnreadBody } from './unread-body.ts'

/** The only place that turns errors into responses. */

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Uses the proper HTTP status for each error, also where Plik uses another one; for routes that Plik's clients do not
     * use.
     */
    hasOwnStatuses?: boolean
  }
}

/**
 * The sender of a stream may send forever: if it never reads the response, it learns from the closed connection that its
 * reader has left.
 */
const ABORTED_LINGER_MS = 500

export function createErrorHandler(config: Pick<Config, 'publicUrl' | 'pathPrefix'>, pagesFor: PagesFor) {
  const pageOf = (request: FastifyRequest, error: AppError, wantsJson: boolean): Answer | undefined =>
    wantsJson ? undefined : refusalPageFor(request, error, pagesFor, config)

  return (thrown: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): void => {
    const error = answerTo(thrown)
    const wantsJson = acceptsJson(request)
    const status = statusOf(error, request, wantsJson)
    if (status >= 500 || error.kind === 'lost') request.log.error({ err: thrown }, 'request failed')
    else request.log.debug({ code: (thrown as { code?: unknown }).code ?? error.id }, 'request refused') // its message may hold a name
    setDetails(reply, error, wantsJson)
    const elsewhere = errorPageFor(request, { status, message: error.message }, config)
    if (elsewhere !== undefined)
      void reply.redirect(elsewhere, 302) // 302 and not a permanent redirect as in Plik: the file may still appear
    else {
      const lingerMs = error.kind === 'aborted' ? ABORTED_LINGER_MS : undefined
      send(reply, status, pageOf(request, error, wantsJson) ?? inWords(error, status, wantsJson), lingerMs)
    }
  }
}

/** Answers bytes that are not valid HTTP, for which there is no request object. */
export function handleClientError(error: Error & { code?: string }, socket: Socket): void {
  const status = CLIENT_ERRORS.get(error.code ?? '') ?? 400
  const text = `${STATUS_CODES[status]}\n`
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff`
  if (socket.writable) socket.write(`${head}\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`)
  socket.destroy(error)
}

const CLIENT_ERRORS = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
])

/** The 404 response of the router: a page for browsers, otherwise worded as Go's, which Plik's clients and tests compare. */
export const createNotFoundHandler =
  (pagesFor: PagesFor) =>
  (request: FastifyRequest, reply: FastifyReply): void => {
    const wantsJson = acceptsJson(request)
    const page = wantsJson ? undefined : unknownPageFor(request, pagesFor)
    send(reply, 404, page ?? inWords(new AppError('page_not_found'), 404, wantsJson))
  }

interface Answer {
  headers: Record<string, string>
  text: string
}

/**
 * Plik's format is the message and a newline; clients that accept JSON get a problem (RFC 9457) with the same message,
 * its id and parameters.
 */
function inWords({ id, message, parameters }: AppError, status: number, wantsJson: boolean): Answer {
  const problem = { type: 'about:blank', title: STATUS_CODES[status], status, detail: message, code: id, parameters }
  return wantsJson
    ? { headers: { 'Content-Type': 'application/problem+json; charset=utf-8' }, text: JSON.stringify(problem) }
    : { headers: { 'Content-Type': 'text/plain; charset=utf-8' }, text: `${message}\n` }
}

function send(reply: FastifyReply, status: number, { headers, text }: Answer, lingerMs?: number): void {
  reply.code(status).headers({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', ...headers }) // no hook ran for an invalid URL
  const { raw: request } = reply.request
  if (status === STATUS.timed_out) reply.header('Connection', 'close') // the client may still send the rest of its request
  if (request.complete || request.destroyed || status === STATUS.timed_out) void reply.send(text)
  else
    void reply
      .header('Content-Length', Buffer.byteLength(text))
      .send(Readable.from(answerAndLinger(text, request, lingerMs)))
}

/** axios accepts `application/json` in every request; browsers and curl don't. */
const acceptsJson = ({ headers }: FastifyRequest): boolean => /application\/(problem\+)?json/.test(headers.accept ?? '')

/** Plik returns 400 where HTTP has a specific status, and its clients only show the text. */
const statusOf = ({ kind }: AppError, { routeOptions }: FastifyRequest, wantsJson: boolean): number =>
  kind === 'too_large' && !wantsJson && !routeOptions.config?.hasOwnStatuses ? 400 : STATUS[kind]

/**
 * For scripts and pages with a password form of their own: the browser opens its password dialog only for schemes that it
 * knows.
 */
export const challengeFor = (asksItself: boolean): string =>
  `${asksItself ? 'X-Basic' : 'Basic'} realm="plik", charset="UTF-8"`

function setDetails(reply: FastifyReply, { kind, retryAfterSeconds, size }: AppError, wantsJson: boolean): void {
  if (kind === 'unauthorized') reply.header('WWW-Authenticate', challengeFor(wantsJson))
  if (kind === 'invalid_session') clearSessionCookies(reply)
  if (retryAfterSeconds !== undefined) reply.header('Retry-After', retryAfterSeconds)
  if (size !== undefined) reply.header('Content-Range', `bytes */${size}`)
}

/**
 * Errors of Fastify and of the parser are client errors if they have such a status; only some of their messages may be
 * shown.
 */
function answerTo(error: FastifyError | Error): AppError {
  const ours = asAppError(error)
  if (ours) return ours
  const { statusCode, code = '' } = error as FastifyError
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new AppError('body_too_large')
  }
  if (code === 'FST_ERR_BAD_URL') return new AppError('path_badly_encoded')
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return new AppError('path_too_long')
  if (isDisconnect(code)) return new AppError('body_incomplete')
  if (statusCode === 429) return new AppError('too_many_requests')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new AppError('request_invalid', { reason: error.message })
  return new AppError('internal_error')
}

const isDisconnect = (code: string): boolean =>
  ['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'FST_MP_PREMATURE_CLOSE', 'EPIPE'].includes(code)

/**
 * A client that is still sending can't read a response from a reset connection, and closing a socket with unread bytes
 * resets it. So the response is sent completely, but ends only when the request body does; the rest of the body is
 * discarded, up to a limit (nginx calls this lingering).
 */
async function* answerAndLinger(text: string, request: IncomingMessage, lingerMs?: number): AsyncGenerator<string> {
  yield text
  request.unpipe()
  request.removeAllListeners('readable') // an iterator over the body would keep it paused
  request.pause() // otherwise Node treats a partly read body as already flowing
  request.resume()
  boundUnreadBody(request, lingerMs)
  await finished(request).catch(() => {})
}
