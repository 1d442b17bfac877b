import type { BlobStore } from '../../../storage/blob-store.ts'
import { edited } from '../../images/boxes/edits.ts'
import type { Intake } from '../../images/images.ts'
import type { VideoFormat } from '../../images/pipeline/detect-format.ts'
import type { ReadPart } from '../../images/pipeline/read-at.ts'
import type { Sender } from '../../lib/sender.ts'
import { copied } from '../stored-bytes.ts'
import type { Measured } from '../upload.ts'
import { receiveBlob, type Target, tooLarge } from './file-intake.ts'
import { limitBytes } from './limit-bytes.ts'
import { readHead } from './read-head.ts'

/**
 * Cleans images and videos while they are stored. They are recognised by their first bytes, never by a name; any other
 * file is stored unchanged. Sizes and digests are those of the stored bytes. Both functions throw what `treat` of images
 * and `inspect` of videos throw.
 */

/** Like `receiveBlob`; the limit applies to the received bytes. */
export async function receiveTreated(
  target: Target,
  intake: Intake,
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
  sender?: Sender,
): Promise<Measured> {
  const read = await readHead(bytes, intake.headBytes)
  try {
    if (intake.detect(read.head))
      return await storeImage(
        target,
        intake,
        limitBytes(read.bytes, limit, () => tooLarge(limit)),
        sender,
      )
    const received = await receiveBlob(target, read.bytes, limit)
    const video = intake.videos.detect(read.head)
    return video ? await replaceVideo(target, intake, { received, format: video }, sender) : received
  } finally {
    read.leave()
  }
}

/** Treats a blob that was received in several requests. The blob is kept; the returned one may be another. */
export async function treatStored(
  target: Target,
  intake: Intake,
  received: Measured,
  sender?: Sender,
): Promise<Measured> {
  const head = await readPart(target.blobs, received)(0, intake.headBytes)
  const video = intake.videos.detect(head)
  if (video) return cleanVideo(target, intake, { received, format: video }, sender)
  return intake.detect(head)
    ? storeImage(target, intake, copied(await target.blobs.get(received.blobKey)), sender)
    : received
}

const storeImage = (
  target: Target,
  intake: Intake,
  bytes: AsyncIterable<Uint8Array>,
  sender: Sender | undefined,
): Promise<Measured> =>
  intake.treat(bytes, sender, async (treated, image) => ({
    ...(await receiveBlob(target, treated, Number.POSITIVE_INFINITY)),
    image,
  }))

interface Video {
  received: Measured
  format: VideoFormat
}

/** Deletes the received blob, unless it is the returned one. */
async function replaceVideo(
  target: Target,
  intake: Intake,
  video: Video,
  sender: Sender | undefined,
): Promise<Measured> {
  const { blobKey } = video.received
  try {
    const clean = await cleanVideo(target, intake, video, sender)
    if (clean.blobKey !== blobKey) await target.blobs.delete(blobKey)
    return clean
  } catch (error) {
    await target.blobs.delete(blobKey)
    throw error
  }
}

/** A video without metadata is not read again. */
async function cleanVideo(
  target: Target,
  { videos }: Intake,
  { received, format }: Video,
  sender: Sender | undefined,
): Promise<Measured> {
  const stored = { format, size: received.size, readPart: readPart(target.blobs, received) }
  const { report, edits } = await videos.inspect(stored, sender)
  if (edits.length === 0) return { ...received, image: report }
  const bytes = edited(copied(await target.blobs.get(received.blobKey)), edits)
  return { ...(await receiveBlob(target, bytes, Number.POSITIVE_INFINITY)), image: report }
}

const readPart =
  (blobs: BlobStore, { blobKey, size }: Measured): ReadPart =>
  async (start, length) => {
    if (start >= size) return Buffer.alloc(0)
    const range = { start, end: Math.min(size, start + length) - 1 }
    return Buffer.concat(await Array.fromAsync(copied(await blobs.get(blobKey, range))))
  }
