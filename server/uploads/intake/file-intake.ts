import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { BlobStore } from '../../../storage/blob-store.ts'
import { AppError } from '../../lib/errors.ts'
import { newBlobKey } from '../../lib/ids.ts'
import type { Measured } from '../upload.ts'
import { SNIFFED_BYTES, sniffContentType } from './content-type.ts'
import { createMd5, NO_MD5 } from './md5.ts'

/**
 * Where bytes are stored, and whether their MD5 is computed: that takes half of the CPU time of a large upload, and only
 * Plik's clients use it.
 */
export interface Target {
  blobs: BlobStore
  withMd5: boolean
}

/**
 * Stores one file as a blob; bytes are counted, digested and sniffed on the way, and durable on return. Throws
 * `too_large` beyond `limit` bytes (`Infinity`: none), or what the source or the store throws; then nothing is stored.
 */
export async function receiveBlob(
  { blobs, withMd5 }: Target,
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Measured> {
  const blobKey = newBlobKey()
  const meter = createMeter(limit, withMd5)
  await blobs.put(blobKey, meter.watch(bytes))
  try {
    return { blobKey, ...(await meter.result()), image: null }
  } catch (error) {
    await blobs.delete(blobKey)
    throw error
  }
}

/** Throws `too_large`. */
export function assertWithin(limit: number, size: number): void {
  if (size > limit) throw tooLarge(limit)
}

export const tooLarge = (limit: number) => new AppError('file_too_large', { max: limit })

export type Meter = ReturnType<typeof createMeter>

/** Measures bytes that pass through; `result` returns the measurements after the last byte. Call `drop` to stop earlier. */
export function createMeter(limit: number, withMd5: boolean) {
  const md5 = withMd5 ? createMd5() : NO_MD5
  const sha256 = createHash('sha256')
  let crc = 0
  let size = 0
  let head = Buffer.alloc(0)

  /** Throws `too_large` at the first byte beyond `limit`. If it returns a promise, await it before the next chunk. */
  function add(chunk: Uint8Array): Promise<void> | undefined {
    size += chunk.length
    assertWithin(limit, size)
    if (head.length < SNIFFED_BYTES) head = Buffer.concat([head, chunk.subarray(0, SNIFFED_BYTES - head.length)])
    sha256.update(chunk)
    crc = crc32(chunk, crc)
    return md5.update(chunk)
  }

  async function* watch(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let isWhole = false
    try {
      for await (const chunk of bytes) {
        const isBusy = add(chunk)
        yield chunk
        if (isBusy) await isBusy
      }
      isWhole = true
    } finally {
      if (!isWhole) md5.drop()
    }
  }

  const result = async () => ({
    size,
    type: sniffContentType(head),
    md5: await md5.digest(),
    sha256: sha256.digest('hex'),
    crc32: crc,
  })

  return { add, watch, result, drop: md5.drop, size: () => size }
}
