import { type Access, accessHeaders, type Connection } from './connection.ts'
import { MayflyError, notAsSent } from './errors.ts'
import { fileNameOf, pathOfName } from './file-name.ts'
import { type ContentLink, type FileLink, parseContentLink, parseLink, type UploadLink } from './links.ts'
import type { ListedFile } from './manifest.ts'
import { type Opened, openResuming, type Received } from './resuming-stream.ts'
import type { RetryOptions } from './retry.ts'
import { announcedSha256, createHasher, type Hasher } from './sha256.ts'
import { type FileInfo, fetchInfo, secretsOf, type UploadInfo } from './upload-info.ts'

/** Downloads a file, or several files as an archive. */

export interface DownloadOptions extends Access, RetryOptions {
  onProgress?: (progress: DownloadProgress) => void
  signal?: AbortSignal
  /** Decrypts an encrypted file if the link does not contain the key. */
  key?: string
  /** `false` leaves the file encrypted; `Download.sealed` can decrypt it. */
  decrypt?: boolean
  /** Waits for a file that is still being uploaded. */
  wait?: boolean
  /** Continues the download of an earlier process; `Download.position` shows whether that was possible. */
  resume?: ReceivedBefore
}

export interface ReceivedBefore extends Received {
  /** See `Download.downloaderId`. */
  downloaderId: string
  /** Has already hashed all bytes before `position`. */
  hasher: Hasher
}

export interface DownloadProgress {
  /** Bytes received. Encrypted files are slightly larger than their originals. */
  received: number
  total: number | undefined
}

/** A started download. One of the reading methods has to be called, exactly once. */
export interface Download {
  name: string
  type: string
  /** Bytes after decryption; undefined: unknown. */
  size: number | undefined
  /** Offset of the first byte: 0, or where `resume` left off. */
  position: number
  /** SHA-256 of the bytes as transferred, base64; undefined: the server sent none. */
  sha256: string | undefined
  /** For `resume`; undefined: the download can't be resumed. */
  etag: string | undefined
  /** Set for an encrypted file whose key is known. */
  sealed: SealedFile | undefined
  /** For `resume`: identifies this client, so that it can continue a limited download. */
  downloaderId: string
  /** Fails with `digest_mismatch` at its end if the bytes do not have the server's SHA-256. */
  stream(): ReadableStream<Uint8Array>
  blob(): Promise<Blob>
  arrayBuffer(): Promise<ArrayBuffer>
  text(): Promise<string>
}

export interface SealedFile {
  key: string
  /** The decrypted name. */
  name: string
  /** Its entry in the list of its sender; undefined: the upload has no such list. */
  listed: ListedFile | undefined
}

/** `link`: of a file, or of an upload with one file. Rejects with `MayflyError`, or the reason of the signal. */
export async function download(connection: Connection, link: string, options: DownloadOptions = {}): Promise<Download> {
  const parsed = parseContentLink(link)
  if (parsed.kind === 'archive') return fetchContent(connection, { url: parsed.url, sealed: undefined }, options)
  return fetchContent(connection, await contentOf(connection, parsed, options), options)
}

/** Downloads several or all files of an upload as one zip. For an encrypted upload it contains the encrypted files. */
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

/** The URL of the bytes, and the key. */
interface Content {
  url: string
  sealed: SealedFile | undefined
}

/** If the link says nothing about encryption, the file can be requested immediately. */
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

/** The link of a file contains its encrypted name, so the server can't return another file of the same upload. */
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

/** Random, because anyone who knows it can continue a limited download. */
const newDownloaderId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
