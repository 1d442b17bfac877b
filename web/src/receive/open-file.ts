import { accessHeaders } from '../../../client/src/connection.ts'
import { notAsSent } from '../../../client/src/errors.ts'
import { openResuming } from '../../../client/src/resuming-stream.ts'
import { announcedSha256, createHasher } from '../../../client/src/sha256.ts'
import { connection } from '../lib/api.ts'
import { withDownloaderId } from './downloader-id.ts'
import { fileUrl } from './links.ts'
import { InsecureError } from './problems.ts'
import { needsHttps, type View, type ViewFile } from './view.ts'

/** Bytes to save or show. */
export interface Content {
  bytes: ReadableStream<Uint8Array>
  /** Length of `bytes`; undefined if it is not known in advance. */
  size: number | undefined
}

export interface Reading {
  /** Called with the number of bytes received from the server. */
  onProgress?: (read: number) => void
  signal?: AbortSignal
}

/**
 * The bytes of a URL as stored on the server; after a lost connection the rest is requested. Bytes that are not encrypted are
 * verified here; changed ciphertext fails to decrypt.
 */
export async function openUrl(
  { upload, access, secret }: View,
  url: string,
  { onProgress = () => {}, signal }: Reading,
): Promise<ReadableStream<Uint8Array>> {
  const retry = upload.stream ? { idleTimeoutMs: Number.POSITIVE_INFINITY } : {} // the sender may pause
  const opened = await openResuming({
    connection,
    url: withDownloaderId(upload, url),
    headers: accessHeaders(access),
    retry,
    signal,
  })
  const isVerified = secret === undefined && announcedSha256(opened.headers) !== undefined
  return opened.read(isVerified ? await createHasher() : undefined, onProgress)
}

/**
 * The decrypted content of a file, as a stream. For a limited file this takes a claim. Throws `InsecureError`, and `MayflyError`:
 * `wrong_key`; `not_as_sent` and `changed`, which the stream can raise as well.
 */
export async function openFile(view: View, one: ViewFile, reading: Reading = {}): Promise<Content> {
  const { file, listed, path: name } = one
  if (needsHttps(view)) throw new InsecureError()
  if (one.isForeign) throw notAsSent(`${name} is not the file that the sender listed`)
  const bytes = await openUrl(view, fileUrl(view.upload, file), reading)
  if (view.secret === undefined) return { bytes, size: file.fileSize }
  const { openFile } = await import('../../../client/src/opened-file.ts')
  const { stream, size } = await openFile(bytes, { key: view.secret, name, listed })
  return { bytes: stream, size: size(file.fileSize) }
}
