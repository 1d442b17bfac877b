import type { FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { authorityOf } from '../lib/authority.ts'
import type {} from './over-https.ts'

/** Host and port as RFC 9110 §7.2 allows them; other values must not appear in a link. */
const HOST = /^(?:[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

type Addresses = Pick<Config, 'downloadDomain' | 'publicUrl' | 'pathPrefix' | 'host' | 'port'>

/**
 * The download addresses in JSON: Plik's domain, and (Plik 1.4) the base URL of links, if one is configured. Otherwise
 * clients use the address of their request, so a `Host` header never appears in JSON.
 */
export function fileAddresses({
  downloadDomain,
  publicUrl,
  pathPrefix,
}: Pick<Addresses, 'downloadDomain' | 'publicUrl' | 'pathPrefix'>) {
  const base = downloadDomain === '' ? publicUrl : downloadDomain + pathPrefix
  return { downloadDomain, downloadUrl: base === '' ? undefined : base }
}

/** The base URL of downloads, without a trailing slash: the download domain, or else the server's own address. */
export function fileBaseUrl(request: FastifyRequest, addresses: Addresses): string {
  return fileAddresses(addresses).downloadUrl ?? serverUrl(request, addresses)
}

/**
 * The address to upload to from a terminal, as pages show it: the configured address, or else the one of the request. The
 * download domain accepts uploads only if there is no public URL.
 */
export const sendingUrl = (request: FastifyRequest, addresses: Addresses): string =>
  addresses.publicUrl || (fileAddresses(addresses).downloadUrl ?? serverUrl(request, addresses))

/**
 * The server's own address, without a trailing slash: the public URL, or else the address that the client used. Of the
 * headers that a proxy adds only the scheme is used, and only from a trusted proxy.
 */
export function serverUrl(request: FastifyRequest, { publicUrl, pathPrefix, host, port }: Addresses): string {
  if (publicUrl !== '') return publicUrl
  const authority = HOST.test(request.host) ? request.host : listeningAuthority(request, host, port)
  return `${request.overHttps ? 'https' : 'http'}://${authority}${pathPrefix}`
}

/**
 * For clients without a valid `Host` header (HTTP/1.0). `0.0.0.0` can't be opened, so the local address of the connection
 * is used instead.
 */
function listeningAuthority({ socket }: FastifyRequest, host: string, port: number): string {
  return authorityOf(isWildcard(host) ? (socket.localAddress ?? host).replace(/^::ffff:/, '') : host, port)
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'

/** As `serverUrl`, where no client has made a request: the public URL, or else the address that the server listens on. */
export const listeningUrl = ({ publicUrl, pathPrefix, host, port }: Omit<Addresses, 'downloadDomain'>): string =>
  publicUrl || `http://${authorityOf(isWildcard(host) ? '127.0.0.1' : host, port)}${pathPrefix}`

export const fileUrl = (base: string, file: { uploadId: string; id: string; name: string }): string =>
  `${base}/file/${file.uploadId}/${file.id}/${encodeURIComponent(file.name)}`

export const archiveUrl = (base: string, uploadId: string): string => `${base}/archive/${uploadId}/archive.zip`

/** Where the page is, without a slash at the end; relative to the server, unless a public address is configured. */
export const pageBase = ({ publicUrl, pathPrefix }: Pick<Addresses, 'publicUrl' | 'pathPrefix'>): string =>
  publicUrl || pathPrefix

/**
 * The page where guests add files; relative to the server, unless a public address is configured. The token follows the
 * `#`, so that it is never sent in a request or logged.
 */
export const requestUrl = (addresses: Pick<Addresses, 'publicUrl' | 'pathPrefix'>, token: string): string =>
  `${pageBase(addresses)}/#/?request=${token}`
