import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { serverUrl } from './links.ts'

/** Node does not know it yet. */
STATUS_CODES[104] ??= 'Upload Resumption Supported'

/** How clients are told where an upload that breaks off goes on. */

type Addresses = Pick<Config, 'publicUrl' | 'downloadDomain' | 'pathPrefix' | 'host' | 'port'>

/** Relative, unless the public URL is known: whatever a proxy did to the address, that is right. */
export function resumptionPath(request: FastifyRequest, { publicUrl, pathPrefix }: Addresses, secret: string): string {
  if (publicUrl !== '') return `${publicUrl}/tus/${secret}`
  const path = (request.url.split('?')[0] ?? '').slice(pathPrefix.length)
  if (path === '') return `${pathPrefix}/tus/${secret}`
  return path.startsWith('/tus/') ? secret : `tus/${secret}`
}

/** A command for a terminal, in the folder of the file: it asks how far the upload has come, and sends the rest. */
export function resumeCommand(request: FastifyRequest, addresses: Addresses, secret: string, name: string): string {
  const url = `${serverUrl(request, addresses)}/tus/${secret}`
  const offset = `"$(curl -sI ${url} | awk -F'[: \\r]+' 'tolower($1)=="upload-offset"{print $2}')"`
  return `curl -C ${offset} -T '${name.replaceAll("'", "'\\''")}' ${url}`
}

/**
 * 104 Upload Resumption Supported (draft-ietf-httpbis-resumable-upload), while the client is still sending. Only for those who are
 * known to take it: Python's http.client, for one, takes any 1xx but 100 for the answer.
 */
export function announceResumption(reply: FastifyReply, headers: Record<string, string | number>): void {
  const lines = Object.entries(headers).filter(([, value]) => /^[\x20-\x7e]*$/.test(`${value}`))
  reply.raw.writeInformation(104, Object.fromEntries(lines))
}
