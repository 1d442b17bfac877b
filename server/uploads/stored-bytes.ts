import type { BlobStore } from '../../storage/blob-store.ts'
import type { PictureIntake } from '../images/picture-intake.ts'
import type { Sender } from '../sender.ts'
import { onlyAge } from './age.ts'
import { createMeter, receiveBlob } from './file-intake.ts'
import type { Measured } from './upload.ts'

/** What is done to bytes that are a blob already, because they came in over several requests. */

type Reads = Pick<BlobStore, 'get'>

/** Reads a blob from end to end for what is to be known of it. */
export async function measureBlob(blobs: Reads, blobKey: string): Promise<Measured> {
  const meter = createMeter(Number.POSITIVE_INFINITY)
  for await (const chunk of copied(await blobs.get(blobKey))) await meter.add(chunk)
  return { blobKey, ...(await meter.result()), image: null }
}

/**
 * A picture becomes another blob, which is normalised; anything else stays what it is. Its first bytes decide, never a name.
 * Throws as `PictureIntake.treat`.
 */
export async function normaliseStored(
  blobs: BlobStore,
  pictures: PictureIntake,
  came: Measured,
  sender?: Sender,
): Promise<Measured> {
  if (!pictures.detect(await readHead(blobs, came, pictures.headBytes))) return came
  const bytes = copied(await blobs.get(came.blobKey))
  return pictures.treat(bytes, sender, async (treated, image) => ({
    ...(await receiveBlob(blobs, treated, Number.POSITIVE_INFINITY)),
    image,
  }))
}

/** Throws `bad_request` unless the bytes are age ciphertext. */
export async function assertAge(blobs: Reads, { blobKey, size }: Measured): Promise<void> {
  const bytes = size === 0 ? noBytes() : await blobs.get(blobKey)
  for await (const _chunk of await onlyAge(copied(bytes))) break
}

async function readHead(blobs: Reads, { blobKey, size }: Measured, count: number): Promise<Buffer> {
  if (size === 0) return Buffer.alloc(0)
  const range = { start: 0, end: Math.min(size, count) - 1 }
  return Buffer.concat(await Array.fromAsync(copied(await blobs.get(blobKey, range))))
}

/** A store lends its chunks only until the next one is asked for. */
export async function* copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield Buffer.from(chunk)
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}
