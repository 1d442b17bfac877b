import type { BlobStore } from '../../storage/blob-store.ts'
import { onlyAge } from './intake/age-check.ts'
import { createMeter } from './intake/file-intake.ts'
import type { Measured } from './upload.ts'

/** What is done to bytes that are a blob already, because they came in over several requests. */

type Reads = Pick<BlobStore, 'get'>

/** Reads a blob from end to end for what is to be known of it. */
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

/** A store lends its chunks only until the next one is asked for. */
export async function* copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield Buffer.from(chunk)
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}
