import { MayflyError } from './errors.ts'

/** Every kind of link that a server or its page hands out. */

export type Link = ContentLink | RequestLink

/** Of an upload, or of anything in it. */
export type ContentLink = UploadLink | FileLink | ArchiveLink

interface OfServer {
  /** The address of the server, without a slash at the end. */
  server: string
}

export interface UploadAddress extends OfServer {
  uploadId: string
}

/** The page of an upload: `…/#/?id=…`. */
export interface UploadLink extends UploadAddress {
  kind: 'upload'
  /** Opens an encrypted upload. */
  key?: string
  e2ee?: EncryptionPromise
  /** Lets its holder change the upload. */
  token?: string
}

/** What a link says of its upload, whatever the server says: `1`: it is encrypted; `2`: its sender has sealed a list of its files. */
export type EncryptionPromise = '1' | '2'

/** `…/file/UPLOAD/FILE/NAME`, or `…/stream/…`. */
export interface FileLink extends UploadAddress {
  kind: 'file'
  fileId: string
  /** As the server knows it. */
  name: string
  /** The address itself, without what is behind a `#`. */
  url: string
  key?: string
  e2ee?: EncryptionPromise
}

/** `…/archive/UPLOAD/NAME.zip` */
export interface ArchiveLink extends UploadAddress {
  kind: 'archive'
  url: string
}

/** Where guests add files: `…/#/?request=…`. */
export interface RequestLink extends OfServer {
  kind: 'request'
  requestToken: string
}

/** Throws `MayflyError` `bad_link`. Its text does not repeat the link, which is a secret. */
export function parseLink(text: string): Link {
  const url = parsedUrl(text)
  const link = contentLink(url) ?? pageLink(url)
  if (!link)
    throw new MayflyError({ code: 'bad_link', detail: 'this is not a link to an upload, a file or a file request' })
  return link
}

/** As `parseLink`, but refuses the link of a file request, too. */
export function parseContentLink(text: string): ContentLink {
  const link = parseLink(text)
  if (link.kind === 'request')
    throw new MayflyError({
      code: 'bad_link',
      detail: 'this is the link of a file request, which only takes files; use the link of an upload or a file',
    })
  return link
}

/** In the API. */
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

/** A link with a key insists on encryption, too: those that are older say nothing else. */
function promiseIn(parameters: URLSearchParams): { key?: string; e2ee?: EncryptionPromise } {
  const key = parameters.get('key')
  const e2ee = parameters.get('e2ee') ?? (key === null ? null : '1')
  return { ...(key === null ? {} : { key }), ...(e2ee === null ? {} : { e2ee: e2ee === '2' ? '2' : '1' }) }
}

/** Those behind the `#`, which no server sees, before those of the query. */
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

/** The page of an upload. With `token` it is the link for its administrator. */
export function uploadLink(server: string, id: string, secrets: UploadSecrets = {}): string {
  const { token } = secrets
  const parameters = { id, ...(token === undefined ? {} : { uploadToken: token }), ...promiseOf(secrets) }
  return `${server}/#/?${new URLSearchParams(parameters)}`
}

/** `base`: where files are downloaded from. The key goes behind the `#`, which is never sent to a server. */
export function fileLink(base: string, { uploadId, fileId, name, isStream = false, ...secrets }: FileAddress): string {
  const address = `${base}/${isStream ? 'stream' : 'file'}/${uploadId}/${fileId}/${encodeURIComponent(name)}`
  return secrets.key === undefined ? address : `${address}#${new URLSearchParams(promiseOf(secrets))}`
}

interface FileAddress extends Pick<UploadSecrets, 'key' | 'e2ee'> {
  uploadId: string
  fileId: string
  /** As the server knows it. */
  name: string
  isStream?: boolean
}
