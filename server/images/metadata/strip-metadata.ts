import { readingFrom } from './byte-reader.ts'
import { stripWithGainMap } from './gain-map.ts'
import { type Found, inOrder, type RemovedKind } from './metadata-kinds.ts'
import type { Stripping } from './salvage.ts'
import { stripPng } from './strip-png.ts'
import { stripWebp } from './strip-webp.ts'

export type StrippableFormat = 'jpeg' | 'png' | 'webp'

export interface StripOptions {
  /**
   * For an image that will not be decoded: keeps its orientation, since it is not rotated, and the readable part of a
   * file that ends too early.
   */
  salvages?: boolean
}

export interface Stripped {
  /**
   * The file without its metadata, with identical pixels; can be read once. Throws `UnstrippableError` if the file can't
   * be stripped, for a truncated file only at its end: the result is valid only once the iteration has finished. The
   * reader may keep the chunks.
   */
  bytes: AsyncIterable<Uint8Array>
  /** The kinds of removed metadata. Complete once `bytes` was read to its end. */
  removed: () => RemovedKind[]
}

/**
 * Removes metadata without decoding: segments or chunks are kept, dropped or shortened by their names. Only known parts
 * that images need are kept. The orientation is removed as well, so only an upright image still looks the same, unless
 * `salvages` keeps it. `open` starts reading at the first byte each time. A WebP is read twice, since its size is at its
 * start, and so is a JPEG with a gain map; others once, and only to the end of the image. Memory use does not depend on
 * the file size.
 */
export function stripMetadata(
  format: StrippableFormat,
  open: () => AsyncIterable<Uint8Array>,
  { salvages = false }: StripOptions = {},
): Stripped {
  const { bytes, removed } = stripInPlace(format, open, { salvages })
  return { bytes: inEvenChunks(bytes), removed }
}

/** Like `stripMetadata`, but kept parts are returned as they were read, in views that are valid until the next is requested. */
export function stripInPlace(
  format: StrippableFormat,
  open: () => AsyncIterable<Uint8Array>,
  { salvages = false }: StripOptions = {},
): Stripped {
  const found: Found = new Set()
  return { bytes: keptBytes(format, open, { found, salvages }), removed: () => inOrder(found) }
}

/** The kinds that `stripMetadata` would remove. Also throws `UnstrippableError`. */
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

/** Copies small views into larger chunks, which are efficient to write and do not depend on the source's buffers. */
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
