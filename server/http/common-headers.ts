import type { FastifyInstance, FastifyRequest } from 'fastify'
import { NOT_LIMITED } from './rate-limited.ts'

/** Response headers that scripts of other sites may read. */
const EXPOSED_HEADERS = [
  'Content-Disposition',
  'Content-Length',
  'Content-Range',
  'Accept-Ranges',
  'ETag',
  'Last-Modified',
  'Repr-Digest',
  'Location',
  'Upload-Offset',
  'Upload-Length',
  'Upload-Defer-Length',
  'Upload-Expires',
  'Upload-Metadata',
  'Upload-Concat',
  'Upload-Complete',
  'Upload-Limit',
  'Tus-Resumable',
  'Tus-Version',
  'Tus-Extension',
  'Tus-Max-Size',
  'Tus-Checksum-Algorithm',
  'Retry-After',
  'X-UploadToken',
  'X-Mayfly-Link',
].join(', ')

/** Headers of every response. Scripts of all sites may read what this server sends to any client (Fetch §3.3). */
export const COMMON_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Robots-Tag': 'noindex, nofollow',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store', // answers hold tokens, names and states; content and assets have rules of their own
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': EXPOSED_HEADERS,
}

const LIST = Object.entries(COMMON_HEADERS)

/**
 * Adds the headers to each response whose route has not set its own; content responses already include them
 * (`content-headers.ts`).
 */
export function addCommonHeaders(app: FastifyInstance): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    for (const [name, value] of LIST) if (!reply.hasHeader(name)) reply.header(name, value)
    done()
  })
}

/** Answers CORS preflight requests (Fetch §3.3.4) on every path. */
export function answerPreflights(app: FastifyInstance): void {
  app.options('*', { config: NOT_LIMITED }, async (request, reply) =>
    reply.code(204).headers(preflightHeaders(request)).send(),
  )
}

/** Any header is allowed: no header gives a script the rights that its user has by a cookie. */
export function preflightHeaders({ headers }: FastifyRequest): Record<string, string> {
  const wanted = headers['access-control-request-headers']
  return {
    'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
    ...(wanted === undefined ? {} : { 'Access-Control-Allow-Headers': wanted }),
    'Access-Control-Max-Age': '86400',
    Vary: 'Access-Control-Request-Headers',
    'Content-Length': '0',
  }
}
