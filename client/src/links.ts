import { MayflyError } from './errors.ts'

/** Every kind of link that a server or its page hands out. */

export type Link = UploadLink | FileLink | ArchiveLink | RequestLink

interface OfServer {
  /** The address of the server, without a slash at the end. */
  server: string
}

/** The page of an upload: `…/#/?id=…`. */
export interface UploadLink extends OfServer {
  kind: 'upload'
  uploadId: string
  /** Opens an encrypted upload. */
  key?: string
  /** Lets its holder change the upload. */
  token?: string
}

/** `…/file/UPLOAD/FILE/NAME`, or `…/stream/…`. */
export interface FileLink extends OfServer {
  kind: 'file'
  uploadId: string
  fileId: string
  /** The address itself, without what is behind a `#`. */
  url: string
  key?: string
}

/** `…/archive/UPLOAD/NAME.zip` */
export interface ArchiveLink extends OfServer {
  kind: 'archive'
  uploadId: string
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

function parsedUrl(text: string): URL {
  try {
    return new URL(text)
  } catch (cause) {
    throw new MayflyError({ code: 'bad_link', detail: 'a link starts with http:// or https://', cause })
  }
}

function contentLink(url: URL): FileLink | ArchiveLink | undefined {
  const [, prefix = '', kind, uploadId = '', fileId] =
    /^(.*?)\/(file|stream|archive)\/([^/]+)\/([^/]+)(?:\/.*)?$/.exec(url.pathname) ?? []
  if (kind === undefined || fileId === undefined) return undefined
  const server = url.origin + prefix
  const address = url.href.replace(/#.*$/s, '')
  if (kind === 'archive') return { kind, server, uploadId, url: address }
  return { kind: 'file', server, uploadId, fileId, url: address, ...optional('key', parametersOf(url).get('key')) }
}

function pageLink(url: URL): UploadLink | RequestLink | undefined {
  const parameters = parametersOf(url)
  const server = url.origin + url.pathname.replace(/\/+$/, '')
  const requestToken = parameters.get('request')
  if (requestToken !== null) return { kind: 'request', server, requestToken }
  const uploadId = parameters.get('id')
  if (uploadId === null) return undefined
  const secrets = { ...optional('key', parameters.get('key')), ...optional('token', parameters.get('uploadToken')) }
  return { kind: 'upload', server, uploadId, ...secrets }
}

/** Those behind the `#`, which no server sees, before those of the query. */
function parametersOf(url: URL): URLSearchParams {
  const fragment = new URLSearchParams(url.hash.replace(/^#(?:\/?\?)?/, ''))
  return new URLSearchParams([...fragment, ...url.searchParams])
}

const optional = <Name extends string>(name: Name, value: string | null): { [key in Name]?: string } =>
  (value === null ? {} : { [name]: value }) as { [key in Name]?: string }

interface UploadSecrets {
  key?: string | undefined
  token?: string | undefined
}

/** The page of an upload. With `token` it is the link of who administers it. */
export function uploadLink(server: string, id: string, { token, key }: UploadSecrets = {}): string {
  const secrets = { ...(token === undefined ? {} : { uploadToken: token }), ...(key === undefined ? {} : { key }) }
  return `${server}/#/?${new URLSearchParams({ id, ...secrets })}`
}

/** `base`: where files are downloaded from. The key goes behind the `#`, which is never sent to a server. */
export function fileLink(base: string, { uploadId, fileId, name, isStream = false, key }: FileAddress): string {
  const address = `${base}/${isStream ? 'stream' : 'file'}/${uploadId}/${fileId}/${encodeURIComponent(name)}`
  return key === undefined ? address : `${address}#${new URLSearchParams({ key })}`
}

interface FileAddress {
  uploadId: string
  fileId: string
  /** As the server knows it. */
  name: string
  isStream?: boolean
  key?: string | undefined
}
