import { openedSize } from './age-layout.ts'
import { type Access, accessHeaders, type Connection } from './connection.ts'
import { MayflyError } from './errors.ts'
import { fileNameOf, pathOfName } from './file-name.ts'
import { type FileLink, parseLink, type UploadLink } from './links.ts'
import { type Opened, openResuming, type Received } from './resuming-stream.ts'
import type { RetryOptions } from './retry.ts'
import { announcedSha256, createHasher, type Hasher } from './sha256.ts'
import { fetchUpload, uploadInfo } from './upload-info.ts'

/** Receiving files: one, or several as an archive. */

export interface DownloadOptions extends Access, RetryOptions {
  onProgress?: (progress: DownloadProgress) => void
  signal?: AbortSignal
  /** Opens an encrypted file, if the link does not have the key. `false` leaves it encrypted. */
  decrypt?: string | false
  /** Waits for a file that is still coming in. */
  wait?: boolean
  /** Continues what an earlier process received; `Download.position` tells whether that was possible. */
  resume?: ReceivedBefore
}

export interface ReceivedBefore extends Received {
  /** Who took the copy of a limited file, as in `Download.holder`. */
  holder: string
  /** Has been told all bytes before `position`. */
  hasher: Hasher
}

export interface DownloadProgress {
  /** Bytes, as they travel. Encrypted files are slightly larger than their originals. */
  received: number
  total: number | undefined
}

/** A file whose bytes are on their way. One of the readers has to be called, once. */
export interface Download {
  name: string
  type: string
  /** Bytes after decryption; undefined: not known. */
  size: number | undefined
  /** Where the bytes begin: 0, or where `resume` left off. */
  position: number
  /** SHA-256 of the bytes as they travel, base64; undefined: the server announced none. */
  sha256: string | undefined
  /** For `resume`; undefined: it can't be resumed. */
  etag: string | undefined
  /** For `resume`: by this the server recognises who took the copy of a limited file. */
  holder: string
  /** Fails with `digest_mismatch` at its end when the bytes are not what the server announced. */
  stream(): ReadableStream<Uint8Array>
  blob(): Promise<Blob>
  arrayBuffer(): Promise<ArrayBuffer>
  text(): Promise<string>
}

/** `link`: of a file, or of an upload that has one file. Rejects with `MayflyError`, or the reason of the signal. */
export async function download(connection: Connection, link: string, options: DownloadOptions = {}): Promise<Download> {
  const parsed = parseLink(link)
  if (parsed.kind === 'archive')
    return fetchContent(connection, { url: parsed.url, key: undefined, isWaiting: false }, options)
  if (parsed.kind === 'request') throw noFile('a file request has nothing to download')
  const file = parsed.kind === 'file' ? parsed : await onlyFileOf(connection, parsed, options)
  const key = options.decrypt === false ? undefined : (options.decrypt ?? file.key)
  return fetchContent(connection, { url: file.url, key, isWaiting: options.wait ?? false }, options)
}

/** Several files of an upload, or all, as one zip. Of an encrypted upload it holds what is encrypted. */
export async function downloadArchive(
  connection: Connection,
  link: string,
  { files = [], ...options }: DownloadOptions & { /** Ids; none: all. */ files?: readonly string[] } = {},
): Promise<Download> {
  const parsed = parseLink(link)
  if (parsed.kind === 'request') throw noFile('a file request has nothing to download')
  const upload = await fetchUpload(connection, parsed, options, options.signal)
  const { archiveLink } = await uploadInfo(parsed.server, upload, {})
  const query = new URLSearchParams(files.map((id): [string, string] => ['file', id]))
  const url = files.length === 0 ? archiveLink : `${archiveLink}?${query}`
  return fetchContent(connection, { url, key: undefined, isWaiting: false }, options)
}

async function onlyFileOf(connection: Connection, link: UploadLink, options: DownloadOptions): Promise<FileLink> {
  const upload = await fetchUpload(connection, link, { token: link.token, ...options }, options.signal)
  const { files } = await uploadInfo(link.server, upload, { key: link.key })
  const [only, second] = files
  if (!only || second) throw noFile(`the upload has ${files.length} files; take the link of one, or an archive`)
  return parseLink(only.link) as FileLink
}

const noFile = (detail: string): MayflyError => new MayflyError({ code: 'bad_link', detail })

interface Content {
  url: string
  key: string | undefined
  isWaiting: boolean
}

async function fetchContent(
  connection: Connection,
  { url, key, isWaiting }: Content,
  options: DownloadOptions,
): Promise<Download> {
  const { resume, signal } = options
  const holder = resume?.holder ?? newHolder()
  const parameters = new URLSearchParams({ holder, ...(isWaiting ? { wait: '1' } : {}) })
  const address = `${url}${url.includes('?') ? '&' : '?'}${parameters}`
  const retry = isWaiting
    ? { ...options, retries: Number.POSITIVE_INFINITY, idleTimeoutMs: Number.POSITIVE_INFINITY }
    : options
  const order = { connection, url: address, headers: accessHeaders(options), retry, signal }
  const opened = await openResuming(order, resume)
  const isResumed = resume !== undefined && opened.position === resume.position && opened.position > 0
  const hasher = isResumed ? resume.hasher : opened.position === 0 ? await createHasher() : undefined
  const raw = opened.read(hasher, (received) => options.onProgress?.({ received, total: opened.size }))
  const encryption = key === undefined ? undefined : await import('./encryption.ts')
  const bytes = encryption && key !== undefined ? await encryption.openStream(raw, key) : raw
  const name = fileNameOf(opened.headers)
  return {
    ...factsOf(opened),
    name: encryption && key !== undefined ? encryption.openName(name, key) : pathOfName(name),
    ...(key === undefined || opened.size === undefined ? {} : { size: openedSize(opened.size) }),
    holder,
    stream: () => bytes,
    blob: () => new Response(bytes).blob(),
    arrayBuffer: () => new Response(bytes).arrayBuffer(),
    text: () => new Response(bytes).text(),
  }
}

const factsOf = ({ headers, position, size }: Opened) => ({
  type: headers.get('Content-Type') ?? 'application/octet-stream',
  size,
  position,
  sha256: announcedSha256(headers),
  etag: headers.get('Accept-Ranges') === 'bytes' ? (headers.get('ETag') ?? undefined) : undefined,
})

/** Random, since anybody who knows it can continue a limited download. */
const newHolder = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
