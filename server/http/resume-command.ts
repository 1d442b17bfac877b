import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { serverUrl } from './links.ts'

/** Node does not know this status yet. */
STATUS_CODES[104] ??= 'Upload Resumption Supported'

/** Sends clients the address for resuming an interrupted upload. */

type Addresses = Pick<Config, 'publicUrl' | 'downloadDomain' | 'pathPrefix' | 'host' | 'port'>

/** Relative, unless the public URL is known: a relative address is right behind any proxy. */
export function resumptionPath(request: FastifyRequest, { publicUrl, pathPrefix }: Addresses, secret: string): string {
  if (publicUrl !== '') return `${publicUrl}/tus/${secret}`
  const path = (request.url.split('?')[0] ?? '').slice(pathPrefix.length)
  if (path === '') return `${pathPrefix}/tus/${secret}`
  return path.startsWith('/tus/') ? secret : `tus/${secret}`
}

/** A shell command, to be run in the folder of the file: it asks for the offset of the upload, and sends the rest. */
export function resumeCommand(request: FastifyRequest, addresses: Addresses, secret: string, name: string): string {
  const url = `${serverUrl(request, addresses)}/tus/${secret}`
  const offset = `"$(curl -sI ${url} | awk -F'[: \\r]+' 'tolower($1)=="upload-offset"{print $2}')"`
  return `curl -C ${offset} -T '${name.replaceAll("'", "'\\''")}' ${url}`
}

/**
 * Sends 104 Upload Resumption Supported (draft-ietf-httpbis-resumable-upload) while the client is still sending, if the
 * client accepts an interim response. Never waits.
 */
export function announceResumption(
  request: FastifyRequest,
  reply: FastifyReply,
  headers: Record<string, string | number>,
): void {
  if (!acceptsInterim(request)) return
  request.raw.read(0) // requests the body, and so sends `100 Continue` first: not every client expects it after a 104
  const lines = Object.entries(headers).filter(([, value]) => /^[\x20-\x7e]*$/.test(`${value}`))
  reply.raw.writeInformation(104, Object.fromEntries(lines))
}

/**
 * Whether the client and every proxy on the way handle a 1xx response correctly. Many do not: nginx with HTTP/2 or with
 * buffering, Varnish and Python's http.client treat it as the final response. A client that sends `Expect: 100-continue`
 * over HTTP/1.1 waits for a 1xx (RFC 9110 §10.1.1), and proxies that do not forward 1xx do not forward this header
 * either.
 */
const acceptsInterim = ({ headers, raw }: FastifyRequest): boolean =>
  raw.httpVersion === '1.1' && headers.expect?.toLowerCase() === '100-continue'
