import { once } from 'node:events'
import pLimit from 'p-limit'
import type { AddressHeaders, BlobKey, BlobStore, ByteRange } from '../../storage/blob-store.ts'
import type { Caller } from '../accounts/caller.ts'
import type { ActivityRecorder } from '../activity/activity-recorder.ts'
import { derivedName } from '../images/derivation.ts'
import type { Derivation } from '../images/pipeline/derive.ts'
import type { Variant } from '../images/variant.ts'
import type { Variants } from '../images/variants.ts'
import { AppError, kindOf } from '../lib/errors.ts'
import type { Sender } from '../lib/sender.ts'
import type { StreamExchange } from '../streams/stream-exchange.ts'
import { cleanFileName } from '../uploads/file-name.ts'
import { createBytesReader } from '../uploads/intake/promised-bytes.ts'
import type { StoredFile, Upload } from '../uploads/upload.ts'
import { assertAvailable, isComing } from '../uploads/upload-rules.ts'
import type { OpenUpload, Uploads } from '../uploads/uploads.ts'
import { type ArchiveFile, type ArchivePart, archiveEtag, layoutArchive, sliceArchive } from './archive.ts'
import { inBatches } from './batch-chunks.ts'
import type { Claims, Receipt } from './claims.ts'
import type { DownloadCounter } from './download-counter.ts'
import { createFileLooks } from './file-looks.ts'
import { firstByteFirst } from './first-byte.ts'

/** A file, an archive or a stream, with everything that its response headers need. */
export interface Download {
  name: string
  /** The detected type, or the declared type of a stream; `contentHeaders` decides which type is sent. */
  type: string
  /** Bytes; undefined for a stream whose sender declared no size. */
  size: number | undefined
  /** A strong ETag with its quotes, and epoch ms. Undefined for a stream, which therefore supports no ranges. */
  validators: { etag: string; lastModified: number } | undefined
  /** Hexadecimal; undefined for archives, since all files would have to be read. */
  sha256: string | undefined
  /** Limited, streamed or protected by a password: caches must not store it. */
  isPrivate: boolean
  /** Reading it counts against its limit, so previews must not read it. */
  isLimited: boolean
  /** What is counted once a reader has all of it: a download of these files of this upload. */
  counts: { upload: Upload; fileIds: readonly string[] }
  source: StoredSource | StreamSource
}

interface StoredSource {
  kind: 'stored'
  size: number
  /** The download limit; null: none. */
  limit: number | null
  fileIds: readonly string[]
  /** The scope of claims on it. */
  scope: string
  /** The blob whose bytes it consists of; undefined if it has several or none. */
  blobKey?: BlobKey | undefined
  /** The parts with the bytes of `range` (inclusive), in order. */
  parts(range: ByteRange): ArchivePart[]
  /** Handles a failure to open the bytes. */
  onFailure?: ((error: unknown) => Promise<never>) | undefined
}

interface StreamSource {
  kind: 'stream'
  opened: OpenUpload
  file: StoredFile
}

interface Dependencies {
  uploads: Uploads
  claims: Claims
  /** Undefined if derived images are switched off. */
  variants: Variants | undefined
  blobs: BlobStore
  exchange: Pick<StreamExchange, 'take' | 'holds'>
  activity: ActivityRecorder
  downloadCounter: DownloadCounter
}

const MAX_ARCHIVE_NAME_BYTES = 1024
const PARALLEL_LOOKS = 16

export type Downloads = ReturnType<typeof createDownloads>

/** Finds and reads uploaded files. Nothing is counted or consumed before `read`. */
export function createDownloads({
  uploads,
  claims,
  variants,
  blobs,
  exchange,
  activity,
  downloadCounter,
}: Dependencies) {
  const bytesReader = createBytesReader(blobs)

  /**
   * Finds a file, or an image derived from it. Throws like `Uploads.open`, `Uploads.getFile` and `Variants.get`;
   * `forbidden`: limited files have no derived images. `gate` runs once the caller has proved access to the file. With
   * `waitSignal`, waits for a file that is still being uploaded until the signal aborts, and then throws `unavailable`.
   * `reader` waits for a derived image.
   */
  async function findFile(
    ref: FileRef,
    caller: Caller,
    gate: () => void,
    derivation: Derivation | undefined,
    reader: Sender | undefined,
    waitSignal?: AbortSignal,
  ): Promise<Download> {
    const opened = await uploads.open(ref.uploadId, caller)
    const file = await uploads.getFile(opened, ref.fileId, ref.name)
    gate()
    if (waitSignal && (await isAwaited(opened, file))) {
      await untilUploaded(opened, ref, waitSignal)
      return findFile(ref, caller, gate, derivation, reader)
    }
    assertAvailable(opened.upload, file)
    if (derivation) return findVariant(opened, file, derivation, reader)
    return opened.upload.stream ? streamDownload(opened, file) : fileDownload(opened, file)
  }

  /**
   * Waits until the file is completely uploaded: before that, its type and digest are unknown, and a location may still
   * have to be removed from an image.
   */
  async function untilUploaded(opened: OpenUpload, ref: FileRef, waitSignal: AbortSignal): Promise<void> {
    const stopWaiting = once(waitSignal, 'abort')
    do {
      if (waitSignal.aborted) throw new AppError('file_coming_in', {}, { retryAfterSeconds: 1 })
    } while ((await Promise.race([looks.next({ ...ref, opened }), stopWaiting])) !== false)
  }

  const looks = createFileLooks(async ({ opened, fileId, name }: FileRef & { opened: OpenUpload }) =>
    isAwaited(opened, await uploads.getFile(opened, fileId, name)),
  )

  /** The row of a stream becomes `uploading` shortly before its sender can be read. */
  async function isAwaited({ upload }: OpenUpload, file: StoredFile): Promise<boolean> {
    if (isComing(upload, file)) return true
    return upload.stream && file.status === 'uploading' && !(await exchange.holds(file))
  }

  /** A derived image shows the content of the file, so download-limited files have none. */
  async function findVariant(
    opened: OpenUpload,
    file: StoredFile,
    derivation: Derivation,
    reader: Sender | undefined,
  ): Promise<Download> {
    if (commonOf(opened.upload).isLimited) throw new AppError('picture_of_limited_file')
    if (!variants) throw new AppError('pictures_disabled')
    const variant = await variants.get(file, derivation, opened, reader)
    return variantDownload(opened, file, variant, async (error) => {
      if (isLost(error)) await variants.forget(variant)
      throw isLost(error) ? lostVariant(error) : error
    })
  }

  /**
   * Finds the archive of an upload, or of the files that `chooseFiles` returns. Throws like `findFile`; `bad_request`:
   * the upload is a stream, the name does not end with `.zip`, or there are no files.
   */
  async function findArchive(ref: ArchiveRef, caller: Caller, gate: () => void): Promise<Download> {
    const opened = await uploads.open(ref.uploadId, caller)
    gate()
    if (opened.upload.stream) throw new AppError('archive_of_stream')
    const name = archiveName(ref.name)
    const files = selected(opened, await uploads.listFiles(opened), await ref.chooseFiles())
    return archiveDownload(opened, name, ref.withoutLost ? await withoutLost(files) : files)
  }

  async function withoutLost(files: StoredFile[]): Promise<StoredFile[]> {
    const lost = await areBlobsLost(files.map((file) => ({ key: blobKeyOf(file), end: file.size - 1 })))
    return files.filter((_, index) => !lost[index])
  }

  /** Whether each blob is lost, in the given order. */
  const areBlobsLost = (parts: { key: string; end: number }[]): Promise<boolean[]> =>
    pLimit(PARALLEL_LOOKS).map(parts, bytesReader.isLost)

  /**
   * Returns the bytes of a download, or of a part of it, and the part: the response to a probe may be shorter than
   * requested. Takes a claim on a limited download, and pairs the reader with the sender of a stream, which may be slow;
   * throws `locked` or `not_found` before the first byte. `reader` identifies the downloader of a limited download or a
   * stream. The returned bytes must be iterated, or returned from.
   */
  async function read(
    { source }: Download,
    part: ByteRange | undefined,
    reader?: Reader,
  ): Promise<{ bytes: AsyncIterable<Buffer>; part: ByteRange | undefined }> {
    if (source.kind === 'stream') return { bytes: await readStream(source, claiming(reader).gone), part }
    const { size, limit, fileIds, scope, onFailure } = source
    const range = part ?? { start: 0, end: size - 1 }
    const parts = source.parts(range)
    if (parts.length > 1) await assertNoneLost(parts)
    const bytesOf = (those: ArchivePart[]) =>
      those.length > 1 ? inBatches(readParts(those)) : readParts(those, onFailure)
    const [only] = parts
    if (limit === null && parts.length === 1 && only?.kind === 'file')
      return { bytes: await bytesReader.open(only).catch(onFailure), part }
    if (limit === null) return { bytes: bytesOf(parts), part }
    const { downloaderId, receipt, isLook, gone } = claiming(reader)
    const claim = await claims.take(fileIds, limit, { downloaderId, scope }, size, { range, isLook })
    const bytes = bytesOf(source.parts(claim.range))
    return {
      bytes: claim.deliver(isLook ? firstByteFirst(bytes, gone) : bytes, receipt),
      part: part && claim.range,
    }
  }

  /**
   * The path of a download without a limit, relative to the folder of the store, for a proxy. Returns undefined if the
   * bytes must be `read`.
   */
  const pathOf = (download: Download) => placeOf(download, async (key) => blobs.pathInFolder(key))

  /** An address that is valid for some minutes, with these response headers; undefined if the bytes must be `read`. */
  const addressOf = (download: Download, headers: AddressHeaders) =>
    placeOf(download, (key) => blobs.addressOf(key, headers))

  async function placeOf({ source }: Download, find: (key: BlobKey) => Promise<string | undefined>) {
    if (source.kind === 'stream' || source.limit !== null || source.blobKey === undefined) return undefined
    const { blobKey: key, size } = source
    const place = await find(key)
    return place === undefined || (await bytesReader.isLost({ key, end: size - 1 })) ? undefined : place
  }

  /** Checked before a claim is taken or anything is sent: after that, the client would only see a broken connection. */
  async function assertNoneLost(parts: readonly ArchivePart[]): Promise<void> {
    const files = parts.filter((part) => part.kind === 'file')
    const lost = (await areBlobsLost(files)).filter(Boolean).length
    if (lost === 0) return
    if (lost === files.length) throw new AppError('archive_lost')
    throw new AppError('archive_files_lost', { count: lost })
  }

  /** Counts the bytes sent. A download that was resumed or fetched in parts counts as one, once `reader` has all bytes. */
  function record(download: Download, range: ByteRange | undefined, sent: Sent, reader: string): void {
    const { upload, fileIds } = download.counts
    const completed = fileIds.length > 0 && isCopy(download, range, sent, reader) ? fileIds : []
    activity.delivered({ upload, completed, bytes: sent.bytes })
  }

  function isCopy({ size, validators, counts }: Download, range: ByteRange | undefined, sent: Sent, reader: string) {
    if (!size) return sent.isWhole
    const what = `${counts.upload.id} ${counts.fileIds[0]} ${validators?.etag} ${reader}`
    return downloadCounter.completes(what, size, range?.start ?? 0, sent.bytes)
  }

  /** Throws what `read` would throw because of other downloaders, without taking a claim. */
  async function check({ source }: Download, downloaderId: string): Promise<void> {
    if (source.kind === 'stream' || source.limit === null) return
    await claims.check(source.fileIds, source.limit, { downloaderId, scope: source.scope })
  }

  async function readStream({ opened, file }: StreamSource, gone: AbortSignal): Promise<AsyncIterable<Buffer>> {
    const bytes = await exchange.take(file, gone)
    const { id: fileId, name, uploadId } = file
    if (bytes === 'taken') throw new AppError('file_in_download', { name, id: fileId })
    if (bytes) return bytes
    await untilUploaded(opened, { uploadId, fileId, name }, gone)
    const again = await uploads.getFile(opened, fileId, name)
    assertAvailable(opened.upload, again)
    return readStream({ kind: 'stream', opened, file: again }, gone)
  }

  async function* readParts(parts: ArchivePart[], onFailure?: StoredSource['onFailure']): AsyncGenerator<Buffer> {
    for (const part of parts) {
      if (part.kind === 'bytes') yield part.bytes
      else yield* await bytesReader.open(part).catch(onFailure)
    }
  }

  return { findFile, findArchive, read, pathOf, addressOf, check, record }
}

/** The number of bytes that the connection accepted, and whether that was the whole request. */
interface Sent {
  bytes: number
  isWhole: boolean
}

function claiming(reader: Reader | undefined): Reader {
  if (!reader) throw new Error('a limited download needs a reader')
  return reader
}

/** The downloader of a limited download. */
interface Reader {
  /** Hash of what identifies the downloader. */
  downloaderId: string
  receipt: Receipt
  /** The request is a probe (`bytes=0-`): the first byte is enough. */
  isLook: boolean
  /** Aborts when the client disconnects. */
  gone: AbortSignal
}

export interface FileRef {
  uploadId: string
  fileId: string
  name: string
}

export interface ArchiveRef {
  uploadId: string
  name: string
  /** Leaves out lost files. */
  withoutLost: boolean
  /** Returns the ids of the files to include; undefined: all. Called once the upload was found. */
  chooseFiles: () => Promise<readonly string[] | undefined>
}

function fileDownload({ upload }: OpenUpload, file: StoredFile): Download {
  const { id, name, type, size, sha256 } = file
  const content = { blobKey: blobKeyOf(file), name, type, size, sha256, lastModified: modifiedAt(file) }
  return blobDownload(upload, file, content, [id])
}

function variantDownload(
  { upload }: OpenUpload,
  file: StoredFile,
  variant: Variant,
  onFailure: StoredSource['onFailure'],
): Download {
  const name = derivedName(file.name, variant.type)
  const content = { ...variant, name, lastModified: variant.createdAt, onFailure }
  return blobDownload(upload, file, content, []) // a thumbnail does not count as a download
}

const isLost = (error: unknown): boolean => kindOf(error) === 'lost'

const lostVariant = (cause: unknown) => new AppError('picture_outdated', {}, { cause, retryAfterSeconds: 1 })

/** The content of one blob: a file, or an image derived from it. */
interface Content extends Pick<Variant, 'blobKey' | 'size' | 'type' | 'sha256'> {
  name: string
  lastModified: number
  onFailure?: StoredSource['onFailure']
}

function blobDownload(upload: Upload, file: StoredFile, content: Content, counted: readonly string[]): Download {
  const { blobKey: key, name, type, size, sha256, lastModified, onFailure } = content
  const { isLimited, isPrivate } = commonOf(upload)
  return {
    isLimited,
    isPrivate,
    name,
    type,
    size,
    validators: { etag: `"${sha256}"`, lastModified },
    sha256,
    counts: { upload, fileIds: counted },
    source: {
      kind: 'stored',
      size,
      limit: upload.downloadLimit,
      fileIds: [file.id],
      scope: 'file',
      blobKey: size === 0 ? undefined : key,
      parts: (range) => (size === 0 ? [] : [{ kind: 'file', key, ...range }]),
      onFailure,
    },
  }
}

function archiveDownload({ upload }: OpenUpload, name: string, files: StoredFile[]): Download {
  const entries: ArchiveFile[] = files.map((file) => ({ ...file, key: blobKeyOf(file), modifiedAt: modifiedAt(file) }))
  const archive = layoutArchive(entries)
  const etag = archiveEtag(entries)
  return {
    ...commonOf(upload),
    name,
    type: 'application/zip',
    size: archive.size,
    validators: { etag, lastModified: files.map(modifiedAt).reduce((a, b) => Math.max(a, b)) },
    sha256: undefined,
    counts: { upload, fileIds: files.map(({ id }) => id) },
    source: {
      kind: 'stored',
      size: archive.size,
      limit: upload.downloadLimit,
      fileIds: files.map(({ id }) => id),
      scope: etag,
      parts: (range) => sliceArchive(archive, range),
    },
  }
}

/** Before a stream has passed, only what its sender declared is known. */
function streamDownload(opened: OpenUpload, file: StoredFile): Download {
  const { upload } = opened
  return {
    ...commonOf(upload),
    name: file.name,
    type: file.type,
    size: file.size > 0 ? file.size : undefined,
    validators: undefined,
    sha256: undefined,
    counts: { upload, fileIds: [file.id] },
    source: { kind: 'stream', opened, file },
  }
}

function commonOf({ stream, downloadLimit, passwordHash }: Upload) {
  const isLimited = stream || downloadLimit !== null
  return { isLimited, isPrivate: isLimited || passwordHash !== null }
}

const modifiedAt = ({ uploadedAt, createdAt }: StoredFile): number => uploadedAt ?? createdAt

/**
 * Returns the given files, or all uploaded files if no ids are given. Throws `not_found` for an id that is not an
 * uploaded file of this upload.
 */
function selected({ upload }: OpenUpload, files: StoredFile[], fileIds: readonly string[] | undefined): StoredFile[] {
  if (fileIds === undefined) return files.filter(({ status }) => status === 'uploaded')
  const wanted = new Set(fileIds)
  const found = files.filter(({ id }) => wanted.delete(id))
  for (const unknown of wanted) throw new AppError('file_not_found', { id: unknown })
  for (const file of found) assertAvailable(upload, file)
  return found
}

/** The name becomes a file name on the disk of the downloader, so it is cleaned like one. */
function archiveName(raw: string): string {
  const name = cleanFileName(raw)
  if (Buffer.byteLength(name) > MAX_ARCHIVE_NAME_BYTES) {
    throw new AppError('archive_name_too_long', { max: MAX_ARCHIVE_NAME_BYTES })
  }
  if (!name.endsWith('.zip')) throw new AppError('archive_name_invalid')
  return name
}

function blobKeyOf(file: StoredFile): string {
  if (file.blobKey === null) throw new Error(`file ${file.id} is uploaded but has no blob`)
  return file.blobKey
}
