import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
  type ListPartsCommandOutput,
  type Part,
  type S3Client,
} from '@aws-sdk/client-s3'
import { errorName, fail } from './s3-errors.ts'
import { StorageError } from './storage-error.ts'

export interface MultipartUpload {
  Bucket: string
  Key: string
  UploadId: string
}

/**
 * The parts after number `after`, in order. By hand: `paginateListParts` looks at the marker alone, which Ceph sends with the last
 * page as well, and so never ends. Throws `not_found` when the upload is not there any more.
 */
export async function* listParts(client: S3Client, upload: MultipartUpload, after = 0): AsyncGenerator<Part> {
  let page: ListPartsCommandOutput | undefined
  do {
    const PartNumberMarker = page ? page.NextPartNumberMarker : `${after}`
    page = await client.send(new ListPartsCommand({ ...upload, PartNumberMarker })).catch(fail)
    yield* page.Parts ?? []
  } while (page.IsTruncated)
}

/**
 * Makes an object of `size` bytes of the parts. The answer may get lost: asked again, the server no longer knows the upload, and
 * only the object says that it was done. Throws `unavailable` when the upload is gone without one: it can be sent again.
 */
export async function completeMultipart(
  client: S3Client,
  { Bucket, Key, UploadId }: MultipartUpload,
  Parts: CompletedPart[],
  size: number,
): Promise<void> {
  try {
    await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }))
  } catch (cause) {
    if (!wasSilent(cause) && (await sizeOf(client, { Bucket, Key })) === size) return
    if (errorName(cause) !== 'NoSuchUpload') fail(cause)
    throw new StorageError('unavailable', { cause })
  }
}

/** A server that was silent for each attempt would be so once more. The SDK gives a lost connection the same name. */
const wasSilent = (error: unknown): boolean =>
  errorName(error) === 'TimeoutError' && (error as { code?: unknown }).code !== 'ECONNRESET'

/** Undefined: there is no such object. */
export async function sizeOf(
  client: S3Client,
  object: Pick<MultipartUpload, 'Bucket' | 'Key'>,
): Promise<number | undefined> {
  const found = await client.send(new HeadObjectCommand(object)).catch((error: unknown) => {
    if (errorName(error) !== 'NotFound') fail(error)
  })
  return found?.ContentLength
}
