import { ApiError } from '../lib/api.ts'
import { asHolder } from './downloader-id.ts'
import { fileUrl } from './links.ts'
import { ForeignFileError, InsecureError, NotOpenedError } from './problems.ts'
import { readStream } from './read-stream.ts'
import { needsHttps, type View, type ViewFile } from './view.ts'

/** What is to be saved or shown. */
export interface Content {
  bytes: ReadableStream<Uint8Array>
  /** Of `bytes`; undefined where it is not known before the end. */
  size: number | undefined
}

export interface Reading {
  /** Told how many bytes have come from the server. */
  onProgress?: (read: number) => void
  signal?: AbortSignal
}

/**
 * A file as people may read it, decrypted while it comes. On a limited one this takes a claim. Throws `InsecureError`; what is
 * not the file that the sender listed ends in a `ForeignFileError`, what does not open in a `NotOpenedError`.
 */
export async function openFile(view: View, one: ViewFile, reading: Reading = {}): Promise<Content> {
  const { upload, access, secret } = view
  const { file, listed } = one
  if (needsHttps(view)) throw new InsecureError()
  if (one.isForeign) throw new ForeignFileError()
  const bytes = readStream(asHolder(upload, fileUrl(upload, file)), access, reading)
  if (secret === undefined) return { bytes, size: file.fileSize }
  const { openStream } = await import('../../../client/src/encryption.ts')
  const { checkedHead } = await import('../../../client/src/manifest.ts')
  const checked = listed ? checkedHead(bytes, listed, () => new ForeignFileError()) : bytes
  const opened = await openStream(checked, secret).catch(notOpened)
  return { bytes: withErrors(opened), size: opened.size(file.fileSize) }
}

function withErrors(bytes: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = bytes.getReader()
  return new ReadableStream({
    async pull(controller) {
      const { value } = await reader.read().catch(notOpened)
      if (value) controller.enqueue(value)
      else controller.close()
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

/** Whatever was not the line's fault, or the wish of whoever waits, is that of the bytes. */
function notOpened(error: unknown): never {
  if (
    error instanceof ApiError ||
    error instanceof ForeignFileError ||
    (error instanceof DOMException && error.name === 'AbortError')
  )
    throw error
  throw new NotOpenedError('the file could not be decrypted', { cause: error })
}
