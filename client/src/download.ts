import { type Access, accessHeaders, type Connection } from './connection.ts'
import { MayflyError, notAsSent } from './errors.ts'
import { fileNameOf, pathOfName } from './file-name.ts'
import { type ContentLink, type FileLink, parseContentLink, parseLink, type UploadLink } from './links.ts'
import type { ListedFile } from './manifest.ts'
import { type Opened, openResuming, type Received } from './resuming-stream.ts'
import type { RetryOptions } from './retry.ts'
import { announcedSha256, createHasher, type Hasher } from './sha256.ts'
import { type FileInfo, fetchInfo, secretsOf, type UploadInfo } from './upload-info.ts'

/** Receiving files: one, or several as an archive. */

export interface DownloadOptions extends Access, RetryOptions {
  onProgress?: (progress: DownloadProgress) => void
  signal?: AbortSignal
  /** Opens an encrypted file, if the link does not have the key. */
  key?: string
  /** `false` leaves it encrypted; `Download.sealed` is what opens it. */
  decrypt?: boolean
  /** Waits for a file that is still coming in. */
  wait?: boolean
  /** Continues what an earlier process received; `Download.position` tells whether that was possible. */
  resume?: ReceivedBefore
}

export interface ReceivedBefore extends Received {
  /** As in `Download.downloaderId`. */
  downloaderId: string
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
  /** Of an encrypted file whose key is known. */
  sealed: SealedFile | undefined
  /** For `resume`: by this the server recognises who took the copy of a limited file. */
  downloaderId: string
  /** Fails with `digest_mismatch` at its end when the bytes are not what the server announced. */
  stream(): ReadableStream<Uint8Array>
  blob(): Promise<Blob>
  arrayBuffer(): Promise<ArrayBuffer>
  text(): Promise<string>
}

export interface SealedFile {
  key: string
  /** As it is called once it is open. */
  name: string
  /** What its sender has sealed about it; undefined: the upload has no such list. */
  listed: ListedFile | undefined
}

/** `link`: of a file, or of an upload that has one file. Rejects with `MayflyError`, or the reason of the signal. */
export async function download(connection: Connection, link: string, options: DownloadOptions = {}): Promise<Download> {
  const parsed = parseContentLink(link)
  if (parsed.kind === 'archive') return fetchContent(connection, { url: parsed.url, sealed: undefined }, options)
  return fetchContent(connection, await contentOf(connection, parsed, options), options)
}

/** Several files of an upload, or all, as one zip. Of an encrypted upload it holds what is encrypted. */
export async function downloadArchive(
  connection: Connection,
  link: string,
  { files = [], ...options }: DownloadOptions & { /** Ids; none: all. */ files?: readonly string[] } = {},
): Promise<Download> {
  const { archiveLink } = await infoOf(connection, parseContentLink(link), options)
  const query = new URLSearchParams(files.map((id): [string, string] => ['file', id]))
  const url = files.length === 0 ? archiveLink : `${archiveLink}?${query}`
  return fetchContent(connection, { url, sealed: undefined }, { ...options, wait: false })
}

/** Where the bytes are, and what opens them. */
interface Content {
  url: string
  sealed: SealedFile | undefined
}

/** Of a link that says nothing of encryption, the file can be asked for at once. */
async function contentOf(
  connection: Connection,
  link: FileLink | UploadLink,
  options: DownloadOptions,
): Promise<Content> {
  const key = options.key ?? link.key
  if (link.kind === 'file' && key === undefined && link.e2ee === undefined) return { url: link.url, sealed: undefined }
  const upload = await infoOf(connection, link, options)
  const file = link.kind === 'file' ? await fileOf(upload, link) : onlyFileOf(upload)
  if (file.isForeign) throw notAsSent(`${file.name} is not the file that the sender listed`)
  const { url } = parseLink(file.link) as FileLink
  return { url, sealed: key === undefined ? undefined : { key, name: file.name, listed: file.listed } }
}

const infoOf = (connection: Connection, link: ContentLink, options: DownloadOptions): Promise<UploadInfo> =>
  fetchInfo(connection, link, { ...options, ...secretsOf(link, options), retry: options })

function onlyFileOf({ files }: UploadInfo): FileInfo {
  const [only, second] = files
  if (!only || second)
    throw new MayflyError({
      code: 'bad_link',
      detail: `the upload has ${files.length} files; take the link of one, or an archive`,
    })
  return only
}

/** The link of a file has its sealed name in it, so the server can't hand out another one of the same upload. */
async function fileOf({ files }: UploadInfo, { fileId, name, uploadId }: FileLink): Promise<FileInfo> {
  const file = files.find(({ id }) => id === fileId)
  if (!file)
    throw new MayflyError({
      code: 'file_not_found',
      parameters: { id: fileId },
      status: 404,
      detail: `file ${fileId} not found in ${uploadId}`,
    })
  const isOther = file.listed && file.listed.name !== (await import('./manifest.ts')).textDigest(name)
  return isOther ? { ...file, isForeign: true } : file
}

async function fetchContent(
  connection: Connection,
  { url, sealed }: Content,
  options: DownloadOptions,
): Promise<Download> {
  const { resume, signal, wait: isWaiting = false } = options
  const downloaderId = resume?.downloaderId ?? newDownloaderId()
  const parameters = new URLSearchParams({ holder: downloaderId, ...(isWaiting ? { wait: '1' } : {}) })
  const address = `${url}${url.includes('?') ? '&' : '?'}${parameters}`
  const retry = isWaiting
    ? { ...options, retries: Number.POSITIVE_INFINITY, idleTimeoutMs: Number.POSITIVE_INFINITY }
    : options
  const order = { connection, url: address, headers: accessHeaders(options), retry, signal }
  const opened = await openResuming(order, resume)
  const isResumed = resume !== undefined && opened.position === resume.position && opened.position > 0
  const hasher = isResumed ? resume.hasher : opened.position === 0 ? await createHasher() : undefined
  const raw = opened.read(hasher, (received) => options.onProgress?.({ received, total: opened.size }))
  const isOpening = sealed !== undefined && options.decrypt !== false
  const plain = isOpening ? await (await import('./opened-file.ts')).openFile(raw, sealed) : undefined
  const bytes = plain?.stream ?? raw
  const facts = factsOf(opened)
  return {
    ...facts,
    ...(plain && facts.size !== undefined ? { size: plain.size(facts.size) } : {}),
    name: isOpening ? sealed.name : pathOfName(fileNameOf(opened.headers)),
    sealed,
    downloaderId,
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
const newDownloaderId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
