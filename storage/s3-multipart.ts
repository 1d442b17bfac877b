import { ListPartsCommand, type ListPartsCommandOutput, type Part, type S3Client } from '@aws-sdk/client-s3'
import { fail } from './s3-errors.ts'

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
