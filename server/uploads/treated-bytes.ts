import type { BlobStore } from '../../storage/blob-store.ts'
import { edited } from '../images/boxes/edits.ts'
import type { Intake } from '../images/images.ts'
import type { VideoFormat } from '../images/pipeline/detect-format.ts'
import type { ReadPart } from '../images/pipeline/read-at.ts'
import type { Sender } from '../sender.ts'
import { limited, receiveBlob } from './file-intake.ts'
import { peek } from './peek.ts'
import { copied } from './stored-bytes.ts'
import type { Measured } from './upload.ts'

/**
 * Pictures and videos on their way into a blob. Their first bytes decide, never a name; anything else passes as it would without.
 * What is measured is what is stored. Both throw as `PictureIntake.treat` and `VideoIntake.inspect`.
 */

/** As `receiveBlob`; the limit applies to the received bytes. */
export async function receiveTreated(
  blobs: BlobStore,
  intake: Intake,
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
  sender?: Sender,
): Promise<Measured> {
  const peeked = await peek(bytes, intake.headBytes)
  try {
    if (intake.detect(peeked.head)) return await storePicture(blobs, intake, limited(peeked.bytes, limit), sender)
    const came = await receiveBlob(blobs, peeked.bytes, limit)
    const video = intake.videos.detect(peeked.head)
    return video ? await replaceVideo(blobs, intake, { came, format: video }, sender) : came
  } finally {
    peeked.leave()
  }
}

/** For a blob that came in over several requests. It stays; what is returned may be another. */
export async function treatStored(
  blobs: BlobStore,
  intake: Intake,
  came: Measured,
  sender?: Sender,
): Promise<Measured> {
  const head = await readPart(blobs, came)(0, intake.headBytes)
  const video = intake.videos.detect(head)
  if (video) return cleanVideo(blobs, intake, { came, format: video }, sender)
  return intake.detect(head) ? storePicture(blobs, intake, copied(await blobs.get(came.blobKey)), sender) : came
}

const storePicture = (
  blobs: BlobStore,
  intake: Intake,
  bytes: AsyncIterable<Uint8Array>,
  sender: Sender | undefined,
): Promise<Measured> =>
  intake.treat(bytes, sender, async (treated, image) => ({
    ...(await receiveBlob(blobs, treated, Number.POSITIVE_INFINITY)),
    image,
  }))

interface Video {
  came: Measured
  format: VideoFormat
}

/** Of the received bytes nothing stays behind, unless they are what is returned. */
async function replaceVideo(
  blobs: BlobStore,
  intake: Intake,
  video: Video,
  sender: Sender | undefined,
): Promise<Measured> {
  const { blobKey } = video.came
  try {
    const clean = await cleanVideo(blobs, intake, video, sender)
    if (clean.blobKey !== blobKey) await blobs.delete(blobKey)
    return clean
  } catch (error) {
    await blobs.delete(blobKey)
    throw error
  }
}

/** One that has nothing to lose is not read again. */
async function cleanVideo(
  blobs: BlobStore,
  { videos }: Intake,
  { came, format }: Video,
  sender: Sender | undefined,
): Promise<Measured> {
  const stored = { format, size: came.size, readPart: readPart(blobs, came) }
  const { report, edits } = await videos.inspect(stored, sender)
  if (edits.length === 0) return { ...came, image: report }
  const bytes = edited(copied(await blobs.get(came.blobKey)), edits)
  return { ...(await receiveBlob(blobs, bytes, Number.POSITIVE_INFINITY)), image: report }
}

const readPart =
  (blobs: BlobStore, { blobKey, size }: Measured): ReadPart =>
  async (start, length) => {
    if (start >= size) return Buffer.alloc(0)
    const range = { start, end: Math.min(size, start + length) - 1 }
    return Buffer.concat(await Array.fromAsync(copied(await blobs.get(blobKey, range))))
  }
