import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { AppError, asAppError } from '../lib/errors.ts'
import { errorPageFor, refusalPageFor } from '../pages/error-page.ts'
import type { PagesFor } from '../pages/pages.ts'
import { clearSessionCookies } from './session-cookies.ts'
import { STATUS } from './statuses.ts'
import { boundUnreadBody } from './unread-body.ts'

/** The only place that turns failures into answers. */

declare module 'fastify' {
  interface FastifyContextConfig {
    /** HTTP's own status for each error, also where Plik has another one: its clients do not use this route. */
    hasOwnStatuses?: boolean
  }
}

/** The sender of a stream may send for ever: one that never reads its answer learns from the connection that its reader has left. */
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
      void reply.header('Cache-Control', 'no-store').redirect(elsewhere, 302) // not for ever, as Plik's: it may come yet
    else {
      const lingerMs = error.kind === 'aborted' ? ABORTED_LINGER_MS : undefined
      send(reply, status, pageOf(request, error, wantsJson) ?? inWords(error, status, wantsJson), lingerMs)
    }
  }
}

/** What can't be parsed as HTTP at all has no request to answer, only a connection. */
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

/** The router's own answer, in Go's words: Plik's clients and tests look for them. */
export function handleNotFound(request: FastifyRequest, reply: FastifyReply): void {
  send(reply, 404, inWords(new AppError('page_not_found'), 404, acceptsJson(request)))
}

interface Answer {
  headers: Record<string, string>
  text: string
}

/** Plik's dialect is the message and a newline; who asks for JSON gets a problem (RFC 9457) with the same message, and what a program needs. */
function inWords({ id, message, parameters }: AppError, status: number, wantsJson: boolean): Answer {
  const problem = { type: 'about:blank', title: STATUS_CODES[status], status, detail: message, code: id, parameters }
  return wantsJson
    ? { headers: { 'Content-Type': 'application/problem+json; charset=utf-8' }, text: JSON.stringify(problem) }
    : { headers: { 'Content-Type': 'text/plain; charset=utf-8' }, text: `${message}\n` }
}

function send(reply: FastifyReply, status: number, { headers, text }: Answer, lingerMs?: number): void {
  reply.code(status).headers({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', ...headers }) // no hook ran for a URL that can't be read
  const { raw: request } = reply.request
  if (status === STATUS.timed_out) reply.header('Connection', 'close') // nobody knows what the client would still send
  if (request.complete || request.destroyed || status === STATUS.timed_out) void reply.send(text)
  else
    void reply
      .header('Content-Length', Buffer.byteLength(text))
      .send(Readable.from(answerAndLinger(text, request, lingerMs)))
}

/** axios names `application/json` in every request; browsers and curl don't. */
const acceptsJson = ({ headers }: FastifyRequest): boolean => /application\/(problem\+)?json/.test(headers.accept ?? '')

/** Plik says 400 where HTTP has a status of its own, and its clients only show the text. */
const statusOf = ({ kind }: AppError, { routeOptions }: FastifyRequest, wantsJson: boolean): number =>
  kind === 'too_large' && !wantsJson && !routeOptions.config?.hasOwnStatuses ? 400 : STATUS[kind]

/** A script or a page that asks for the password itself: the browser must not, and it does so for schemes that it knows. */
export const challengeFor = (asksItself: boolean): string =>
  `${asksItself ? 'X-Basic' : 'Basic'} realm="plik", charset="UTF-8"`

function setDetails(reply: FastifyReply, { kind, retryAfterSeconds, size }: AppError, wantsJson: boolean): void {
  if (kind === 'unauthorized') reply.header('WWW-Authenticate', challengeFor(wantsJson))
  if (kind === 'invalid_session') clearSessionCookies(reply)
  if (retryAfterSeconds !== undefined) reply.header('Retry-After', retryAfterSeconds)
  if (size !== undefined) reply.header('Content-Range', `bytes */${size}`)
}

/** Fastify's and the parser's own errors are the client's fault when they say so; their words are only sometimes fit to show. */
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
 * A client that is still sending can't read an answer from a connection that was reset under it, and closing a socket
 * with unread bytes resets it. So the answer is sent whole, but ends only when the body does; what still comes of that is
 * discarded, within bounds (nginx calls this lingering).
 */
async function* answerAndLinger(text: string, request: IncomingMessage, lingerMs?: number): AsyncGenerator<string> {
  yield text
  request.unpipe()
  request.removeAllListeners('readable') // whoever iterates over the body would hold it back
  request.pause() // else node takes a body whose reader left midway for one that flows already
  request.resume()
  boundUnreadBody(request, lingerMs)
  await finished(request).catch(() => {})
}
