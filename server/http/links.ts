import type { FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { authorityOf } from '../lib/authority.ts'
import type {} from './over-https.ts'

/** Host and port as RFC 9110 §7.2 allows them; anything else must not end up in a link. */
const HOST = /^(?:[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

type Addresses = Pick<Config, 'downloadDomain' | 'publicUrl' | 'pathPrefix' | 'host' | 'port'>

/**
 * What JSON says of where files are downloaded from: Plik's domain, and (Plik 1.4) the base of their links, if one is configured.
 * Without one a client keeps using the address that it used: nobody else's `Host` header ever ends up in JSON.
 */
export function fileAddresses({
  downloadDomain,
  publicUrl,
  pathPrefix,
}: Pick<Addresses, 'downloadDomain' | 'publicUrl' | 'pathPrefix'>) {
  const base = downloadDomain === '' ? publicUrl : downloadDomain + pathPrefix
  return { downloadDomain, downloadUrl: base === '' ? undefined : base }
}

/** Where files are downloaded from, without a slash at the end: the download domain, or else the server's own address. */
export function fileBaseUrl(request: FastifyRequest, addresses: Addresses): string {
  return fileAddresses(addresses).downloadUrl ?? serverUrl(request, addresses)
}

/**
 * Where files are sent to from a terminal, for a page to show: an address that is configured before the one that was used.
 * The download domain takes files only while there is no public URL beside it.
 */
export const sendingUrl = (request: FastifyRequest, addresses: Addresses): string =>
  addresses.publicUrl || (fileAddresses(addresses).downloadUrl ?? serverUrl(request, addresses))

/**
 * The server's own address, without a slash at the end: the public URL, or else the address that this client itself used.
 * Of what a proxy adds only the scheme counts, and only from a trusted one.
 */
export function serverUrl(request: FastifyRequest, { publicUrl, pathPrefix, host, port }: Addresses): string {
  if (publicUrl !== '') return publicUrl
  const authority = HOST.test(request.host) ? request.host : listeningAuthority(request, host, port)
  return `${request.overHttps ? 'https' : 'http'}://${authority}${pathPrefix}`
}

/** For clients that name no host (HTTP/1.0) or none that is one. Nobody can open `0.0.0.0`: there the address that they reached. */
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
 * The page where guests add files; relative to the server, unless a public address is configured. The token is behind the
 * `#`, so that it is in no request and no log.
 */
export const requestUrl = (addresses: Pick<Addresses, 'publicUrl' | 'pathPrefix'>, token: string): string =>
  `${pageBase(addresses)}/#/?request=${token}`
