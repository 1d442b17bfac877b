import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { AppError } from '../server/errors.ts'
import type { Interruptible } from './interruptible.ts'
import { errorName, fail } from './s3-errors.ts'

const MiB = 1024 * 1024
export const MAX_PARTS = 10_000
const SMALLEST_PART_BYTES = 8 * MiB
/** For blobs without a limit: 503 GB in 10,000 parts. */
const LARGEST_PART_BYTES = 48 * MiB

/**
 * As small as the largest blob allows: S3 takes 10,000 parts, and two of them are in memory for each upload, one travelling
 * while the next is collected. All are of one size, since Cloudflare R2 refuses others.
 */
export function partBytesFor(maxBlobBytes: number): number {
  const needed = Math.ceil(maxBlobBytes / MAX_PARTS / MiB) * MiB
  return Math.min(LARGEST_PART_BYTES, Math.max(SMALLEST_PART_BYTES, needed))
}

/** A part on a slow line may take this long. */
export const PART_TIMEOUT_MS = 10 * 60_000
export const EMPTY = Buffer.alloc(0)

export interface S3Target {
  client: S3Client
  bucket: string
  partBytes: number
  /** Ids of multipart uploads that this process works on. */
  uploading: Set<string>
}

export type S3Writer = ReturnType<typeof createS3Writer>

/**
 * Multipart uploads by hand and not by `@aws-sdk/lib-storage`: when one part fails, its `Upload` goes on to read the whole
 * source before it says so, and when it is aborted while the source stalls, the parts stay on the server (3.1173,
 * `__doConcurrentUpload`, `done`).
 */
export function createS3Writer({ client, bucket, partBytes, uploading }: S3Target) {
  let knowsConditions = true

  /** Stores all of `source` as `name` and returns its size. An object of that name is an error. */
  async function write(name: string, source: Interruptible<Uint8Array>, signal?: AbortSignal): Promise<number> {
    const parts = inParts(source, partBytes)
    const nextPart = async (): Promise<Buffer> => (await parts.next()).value ?? EMPTY
    const first = await nextPart()
    if (first.length === partBytes) return writeParts(name, first, nextPart, source, signal)
    await writeWhole(name, first)
    return first.length
  }

  /** When the answer to this or to the completion of parts gets lost, a blob stays that nobody knows, as after a crash. */
  async function writeWhole(name: string, body: Buffer): Promise<void> {
    const object = { Bucket: bucket, Key: name, Body: body, ContentLength: body.length }
    const options = { requestTimeout: PART_TIMEOUT_MS }
    if (knowsConditions) {
      const command = new PutObjectCommand({ ...object, IfNoneMatch: '*' })
      const stored = await client.send(command, options).catch(unlessNotImplemented)
      if (stored) return
      knowsConditions = false
    }
    await assertFree(name)
    await client.send(new PutObjectCommand(object), options).catch(fail)
  }

  async function writeParts(
    name: string,
    first: Buffer,
    nextPart: () => Promise<Buffer>,
    source: Interruptible<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    await assertFree(name)
    const object = { Bucket: bucket, Key: name }
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(object)).catch(fail)
    const upload = { ...object, UploadId }
    const cancel = new AbortController()
    uploading.add(`${UploadId}`)
    try {
      const Parts: CompletedPart[] = []
      let size = 0
      let part = first
      while (part.length > 0) {
        if (Parts.length === MAX_PARTS) throw new AppError('too_large', 'the file is too large for the storage')
        const PartNumber = Parts.length + 1
        const command = new UploadPartCommand({ ...upload, PartNumber, Body: part, ContentLength: part.length })
        const options = { abortSignal: cancel.signal, requestTimeout: PART_TIMEOUT_MS }
        const sending = client.send(command, options).catch(fail)
        sending.catch(source.interrupt)
        const [{ ETag }, next] = await Promise.all([sending, nextPart()])
        Parts.push({ ETag, PartNumber })
        size += part.length
        part = next
      }
      signal?.throwIfAborted()
      await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } })).catch(fail)
      return size
    } catch (error) {
      cancel.abort()
      // If this fails too, the next sweep does it.
      await client.send(new AbortMultipartUploadCommand(upload)).catch(() => {})
      throw error
    } finally {
      uploading.delete(`${UploadId}`)
    }
  }

  /** Where a condition can't be had from the server: better than nothing, since keys are random. */
  async function assertFree(name: string): Promise<void> {
    const found = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: name })).catch((error: unknown) => {
      if (errorName(error) !== 'NotFound') fail(error)
    })
    if (found) throw new Error('a blob with this key exists already')
  }

  return { write, writeWhole, assertFree }
}

/** Not every S3 has conditional writes; Amazon since August 2024, Ceph for whole objects. */
function unlessNotImplemented(error: unknown): undefined {
  if (errorName(error) !== 'NotImplemented') fail(error)
}

/** Parts of exactly `partBytes`, and at the end what is left, which may be nothing. */
async function* inParts(source: AsyncIterable<Uint8Array>, partBytes: number): AsyncGenerator<Buffer, undefined> {
  let part: Buffer = EMPTY
  let filled = 0
  for await (const chunk of source) {
    let rest = chunk
    while (rest.byteLength > 0) {
      const piece = rest.subarray(0, partBytes - filled)
      part = withRoom(part, filled, piece.byteLength, partBytes)
      part.set(piece, filled)
      filled += piece.byteLength
      rest = rest.subarray(piece.byteLength)
      if (filled < partBytes) continue
      yield part
      part = EMPTY
      filled = 0
    }
  }
  yield part.subarray(0, filled)
}

/** Grows fourfold, so that a small blob takes little memory and a large one is copied once and a third. */
export function withRoom(part: Buffer, filled: number, needed: number, partBytes: number): Buffer {
  if (part.length >= filled + needed) return part
  const larger = Buffer.allocUnsafeSlow(Math.min(partBytes, Math.max(filled + needed, part.length * 4)))
  larger.set(part.subarray(0, filled))
  return larger
}
