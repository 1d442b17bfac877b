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
 * The parts after number `after`, in order. `paginateListParts` can't be used: it only checks the marker, which Ceph also sends
 * with the last page, and so never ends. Throws `not_found` if the multipart upload no longer exists.
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
 * Completes an object of `size` bytes. If the response is lost, the server no longer knows the multipart upload, and only the
 * object shows that it succeeded. Throws `unavailable` if neither exists: the blob can be sent again.
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

/** A server that timed out in each attempt would do so again. The SDK uses the same name for a lost connection. */
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
