import { fileUrl } from './links.ts'
import { readStream } from './read-stream.ts'
import type { View, ViewFile } from './view.ts'

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

/** A file as people may read it, decrypted while it comes. On a limited one this takes a claim. */
export async function openFile(
  { upload, access, secret }: View,
  { file }: ViewFile,
  reading: Reading = {},
): Promise<Content> {
  const bytes = readStream(fileUrl(upload, file), access, reading)
  if (secret === undefined) return { bytes, size: file.fileSize }
  const { openStream } = await import('../encryption/encryption.ts')
  return openStream(bytes, secret, file.fileSize)
}
