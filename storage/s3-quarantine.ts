import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import type { BlobInfo, BlobKey, Quarantine } from './blob-store.ts'
import { errorName, fail } from './s3-errors.ts'
import { PART_TIMEOUT_MS } from './s3-writer.ts'

interface Dependencies {
  client: S3Client
  bucket: string
  /** Ids of multipart uploads of this process. */
  uploading: Set<string>
  /** Maximum bytes copied by one request. */
  copyBytes: number
  list: () => AsyncIterable<BlobInfo>
  /** Names of the object outside and inside the quarantine. Both throw if the key is malformed. */
  nameOf: (key: BlobKey) => string
  quarantinedNameOf: (key: BlobKey) => string
}

const OPTIONS = { requestTimeout: PART_TIMEOUT_MS }

/** A separate prefix. S3 can't rename: the object is copied within the bucket, then the original is deleted. */
export function createS3Quarantine(dependencies: Dependencies): Quarantine {
  const { client, bucket, uploading, copyBytes, list, nameOf, quarantinedNameOf } = dependencies

  /** Returns false if there is no such object. A crash leaves two copies, and the next call deletes the original. */
  async function move(from: string, to: string): Promise<boolean> {
    const found = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: from })).catch(unlessMissing)
    if (!found) return false
    const size = found.ContentLength ?? 0
    const isCopied = await (size > copyBytes ? copyParts(from, to, size) : copyWhole(from, to)).catch(unlessMissing)
    if (isCopied) await remove(from)
    return isCopied === true
  }

  async function copyWhole(from: string, to: string): Promise<true> {
    const copy = { Bucket: bucket, Key: to, CopySource: sourceOf(from) }
    await client.send(new CopyObjectCommand(copy), OPTIONS)
    return true
  }

  async function copyParts(from: string, to: string, size: number): Promise<true> {
    const object = { Bucket: bucket, Key: to }
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(object))
    const upload = { ...object, UploadId }
    uploading.add(`${UploadId}`)
    try {
      const Parts: CompletedPart[] = []
      for (let start = 0; start < size; start += copyBytes) {
        const range = `bytes=${start}-${Math.min(start + copyBytes, size) - 1}`
        const part = { ...upload, PartNumber: Parts.length + 1, CopySource: sourceOf(from), CopySourceRange: range }
        const { CopyPartResult } = await client.send(new UploadPartCopyCommand(part), OPTIONS)
        Parts.push({ PartNumber: part.PartNumber, ETag: CopyPartResult?.ETag })
      }
      await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }))
      return true
    } catch (error) {
      // If this fails too, the next sweep does it.
      await client.send(new AbortMultipartUploadCommand(upload)).catch(() => {})
      throw error
    } finally {
      uploading.delete(`${UploadId}`)
    }
  }

  async function remove(name: string): Promise<void> {
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: name })).catch(fail)
  }

  const sourceOf = (name: string): string => encodeURI(`${bucket}/${name}`)

  return {
    add: async (key) => move(nameOf(key), quarantinedNameOf(key)),
    restore: async (key) => move(quarantinedNameOf(key), nameOf(key)),
    list,
    delete: async (key) => remove(quarantinedNameOf(key)),
  }
}

/** Another replica may have moved it first. */
function unlessMissing(error: unknown): undefined {
  if (!['NotFound', 'NoSuchKey'].includes(errorName(error))) fail(error)
}
