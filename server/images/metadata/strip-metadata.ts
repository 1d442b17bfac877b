import { readingFrom } from './byte-reader.ts'
import { stripWithGainMap } from './gain-map.ts'
import { type Found, inOrder, type RemovedKind } from './metadata-kinds.ts'
import type { Stripping } from './salvage.ts'
import { stripPng } from './strip-png.ts'
import { stripWebp } from './strip-webp.ts'

export type StrippableFormat = 'jpeg' | 'png' | 'webp'

export interface StripOptions {
  /**
   * For an image that will not be decoded: what says how it is turned stays, since nobody turns it, and a file that ends
   * too early is kept as far as it goes.
   */
  salvages?: boolean
}

export interface Stripped {
  /**
   * The file without its metadata, its pixels bit for bit the same; to be read once. Throws `UnstrippableError` when the
   * file can't be stripped, which shows only at the end of a truncated one: nothing counts until the iteration is over.
   * Chunks are the reader's to keep.
   */
  bytes: AsyncIterable<Uint8Array>
  /** What was in the file. Complete when `bytes` has been read to its end. */
  removed: () => RemovedKind[]
}

/**
 * Removes metadata without decoding: segments or chunks are kept, dropped or cut by their names. What stays is a list of
 * what images need; unknown things go. The orientation goes as well, so only an upright image still looks the same,
 * unless `salvages` keeps it.
 *
 * `open` starts reading at the first byte each time. A WebP is read twice, since its size stands at its start, and so
 * is a JPEG with a gain map; the others once, and only to the end of the image. Memory does not depend on the file.
 */
export function stripMetadata(
  format: StrippableFormat,
  open: () => AsyncIterable<Uint8Array>,
  { salvages = false }: StripOptions = {},
): Stripped {
  const { bytes, removed } = stripInPlace(format, open, { salvages })
  return { bytes: inEvenChunks(bytes), removed }
}

/** As `stripMetadata`, but what stays is handed out as it was read, in views that are valid until the next is asked for. */
export function stripInPlace(
  format: StrippableFormat,
  open: () => AsyncIterable<Uint8Array>,
  { salvages = false }: StripOptions = {},
): Stripped {
  const found: Found = new Set()
  return { bytes: keptBytes(format, open, { found, salvages }), removed: () => inOrder(found) }
}

/** What `stripMetadata` would remove. Throws `UnstrippableError` too. */
export async function findMetadata(
  format: StrippableFormat,
  open: () => AsyncIterable<Uint8Array>,
): Promise<RemovedKind[]> {
  const found: Found = new Set()
  for await (const _ of keptBytes(format, open, { found, salvages: false }));
  return inOrder(found)
}

function keptBytes(
  format: StrippableFormat,
  open: () => AsyncIterable<Uint8Array>,
  stripping: Stripping,
): AsyncIterable<Uint8Array> {
  switch (format) {
    case 'jpeg':
      return stripWithGainMap(open, stripping)
    case 'png':
      return readingFrom(open, (reader) => stripPng(reader, stripping))
    case 'webp':
      return stripWebp(open, stripping)
  }
}

const CHUNK_BYTES = 64 * 1024

/** Copies what may be views of a few bytes into chunks that are worth a write, and that outlive the source's buffers. */
async function* inEvenChunks(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  let filled = 0
  for await (const part of parts) {
    for (let at = 0; at < part.length; ) {
      const piece = part.subarray(at, at + CHUNK_BYTES - filled)
      chunk.set(piece, filled)
      at += piece.length
      filled += piece.length
      if (filled < CHUNK_BYTES) continue
      yield chunk
      chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
      filled = 0
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled)
}
