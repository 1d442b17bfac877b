import { MayflyError } from './errors.ts'

/** All kinds of links that a server or its page creates. */

export type Link = ContentLink | RequestLink

/** A link to an upload, or to something in it. */
export type ContentLink = UploadLink | FileLink | ArchiveLink

interface OfServer {
  /** URL of the server, without a trailing slash. */
  server: string
}

export interface UploadAddress extends OfServer {
  uploadId: string
}

/** The page of an upload: `…/#/?id=…`. */
export interface UploadLink extends UploadAddress {
  kind: 'upload'
  /** Decrypts an encrypted upload. */
  key?: string
  e2ee?: EncryptionPromise
  /** Gives the right to change the upload. */
  token?: string
}

/**
 * What the link guarantees, whatever the server returns: `1`: the upload is encrypted; `2`: it also has an encrypted list of its
 * files.
 */
export type EncryptionPromise = '1' | '2'

/** `…/file/UPLOAD/FILE/NAME`, or `…/stream/…`. */
export interface FileLink extends UploadAddress {
  kind: 'file'
  fileId: string
  /** Name on the server. */
  name: string
  /** The URL itself, without its fragment. */
  url: string
  key?: string
  e2ee?: EncryptionPromise
}

/** `…/archive/UPLOAD/NAME.zip` */
export interface ArchiveLink extends UploadAddress {
  kind: 'archive'
  url: string
}

/** The link for guests: `…/#/?request=…`. */
export interface RequestLink extends OfServer {
  kind: 'request'
  requestToken: string
}

/** Throws `MayflyError` `bad_link`. The message does not repeat the link, which is a secret. */
export function parseLink(text: string): Link {
  const url = parsedUrl(text)
  const link = contentLink(url) ?? pageLink(url)
  if (!link)
    throw new MayflyError({ code: 'bad_link', detail: 'this is not a link to an upload, a file or a file request' })
  return link
}

/** Like `parseLink`, but also rejects the link of a file request. */
export function parseContentLink(text: string): ContentLink {
  const link = parseLink(text)
  if (link.kind === 'request')
    throw new MayflyError({
      code: 'bad_link',
      detail: 'this is the link of a file request, which only accepts files; use the link of an upload or a file',
    })
  return link
}

/** URL of the upload in the API. */
export const uploadAddress = ({ server, uploadId }: UploadAddress): string =>
  `${server}/upload/${encodeURIComponent(uploadId)}`

function parsedUrl(text: string): URL {
  try {
    return new URL(text)
  } catch (cause) {
    throw new MayflyError({ code: 'bad_link', detail: 'a link starts with http:// or https://', cause })
  }
}

function contentLink(url: URL): FileLink | ArchiveLink | undefined {
  const [, prefix = '', kind, uploadId = '', fileId, name = ''] =
    /^(.*?)\/(file|stream|archive)\/([^/]+)\/([^/]+)(?:\/(.*))?$/.exec(url.pathname) ?? []
  if (kind === undefined || fileId === undefined) return undefined
  const server = url.origin + prefix
  const address = url.href.replace(/#.*$/s, '')
  if (kind === 'archive') return { kind, server, uploadId, url: address }
  const file = { kind: 'file' as const, server, uploadId, fileId, name: decodeURIComponent(name), url: address }
  return { ...file, ...promiseIn(parametersOf(url)) }
}

function pageLink(url: URL): UploadLink | RequestLink | undefined {
  const parameters = parametersOf(url)
  const server = url.origin + url.pathname.replace(/\/+$/, '')
  const requestToken = parameters.get('request')
  if (requestToken !== null) return { kind: 'request', server, requestToken }
  const uploadId = parameters.get('id')
  if (uploadId === null) return undefined
  const token = parameters.get('uploadToken')
  return { kind: 'upload', server, uploadId, ...promiseIn(parameters), ...(token === null ? {} : { token }) }
}

/** A key implies encryption: older links contain no other hint. */
function promiseIn(parameters: URLSearchParams): { key?: string; e2ee?: EncryptionPromise } {
  const key = parameters.get('key')
  const e2ee = parameters.get('e2ee') ?? (key === null ? null : '1')
  return { ...(key === null ? {} : { key }), ...(e2ee === null ? {} : { e2ee: e2ee === '2' ? '2' : '1' }) }
}

/** Parameters in the fragment, which no server sees, take precedence over those of the query. */
function parametersOf(url: URL): URLSearchParams {
  const fragment = new URLSearchParams(url.hash.replace(/^#(?:\/?\?)?/, ''))
  return new URLSearchParams([...fragment, ...url.searchParams])
}

interface UploadSecrets {
  key?: string | undefined
  e2ee?: EncryptionPromise | undefined
  token?: string | undefined
}

const promiseOf = ({ key, e2ee = '1' }: UploadSecrets) => (key === undefined ? {} : { e2ee, key })

/** The page of an upload. With `token` it is the admin link. */
export function uploadLink(server: string, id: string, secrets: UploadSecrets = {}): string {
  const { token } = secrets
  const parameters = { id, ...(token === undefined ? {} : { uploadToken: token }), ...promiseOf(secrets) }
  return `${server}/#/?${new URLSearchParams(parameters)}`
}

/** `base`: URL for downloads. The key is in the fragment, which is never sent to a server. */
export function fileLink(base: string, { uploadId, fileId, name, isStream = false, ...secrets }: FileAddress): string {
  const address = `${base}/${isStream ? 'stream' : 'file'}/${uploadId}/${fileId}/${encodeURIComponent(name)}`
  return secrets.key === undefined ? address : `${address}#${new URLSearchParams(promiseOf(secrets))}`
}

interface FileAddress extends Pick<UploadSecrets, 'key' | 'e2ee'> {
  uploadId: string
  fileId: string
  /** Name on the server. */
  name: string
  isStream?: boolean
}
