import type { BlobStore } from '../../storage/blob-store.ts'
import { onlyAge } from './intake/age-check.ts'
import { createMeter } from './intake/file-intake.ts'
import type { Measured } from './upload.ts'

/** Operations on blobs that were received over several requests. */

type Reads = Pick<BlobStore, 'get'>

/** Reads a whole blob to measure it. */
export async function measureBlob(blobs: Reads, blobKey: string, withMd5: boolean): Promise<Measured> {
  const meter = createMeter(Number.POSITIVE_INFINITY, withMd5)
  for await (const chunk of copied(await blobs.get(blobKey))) await meter.add(chunk)
  return { blobKey, ...(await meter.result()), image: null }
}

/** Throws `bad_request` unless the bytes are age ciphertext. */
export async function assertAge(blobs: Reads, { blobKey, size }: Measured): Promise<void> {
  const bytes = size === 0 ? noBytes() : await blobs.get(blobKey)
  for await (const _chunk of await onlyAge(copied(bytes))) break
}

/** A store reuses the memory of a chunk once the next one is requested. */
export async function* copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield Buffer.from(chunk)
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}
