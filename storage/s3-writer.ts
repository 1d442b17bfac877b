import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { Interruptible } from './interruptible.ts'
import { errorName, fail, isUnavailable } from './s3-errors.ts'
import { completeMultipart, sizeOf } from './s3-multipart.ts'
import type { Part, Parts } from './s3-parts.ts'
import { StorageError } from './storage-error.ts'

const MiB = 1024 * 1024
export const MAX_PARTS = 10_000
const SMALLEST_PART_BYTES = 8 * MiB
/** For blobs without a limit: 503 GB in 10,000 parts. */
const LARGEST_PART_BYTES = 48 * MiB

/**
 * The smallest part size that the largest blob allows: S3 allows 10,000 parts, and each upload holds two of them in memory, one
 * being sent while the next is collected. All have the same size, since Cloudflare R2 rejects others.
 */
export function partBytesFor(maxBlobBytes: number): number {
  const needed = Math.ceil(maxBlobBytes / MAX_PARTS / MiB) * MiB
  return Math.min(LARGEST_PART_BYTES, Math.max(SMALLEST_PART_BYTES, needed))
}

/** A part on a slow line may take this long. */
export const PART_TIMEOUT_MS = 10 * 60_000

/** One being sent, one waiting, one being collected. */
const LIVING_PARTS = 3

export interface S3Target {
  client: S3Client
  bucket: string
  partBytes: number
  /** Ids of multipart uploads of this process. */
  uploading: Set<string>
  parts: Parts
}

export type S3Writer = ReturnType<typeof createS3Writer>

/**
 * Multipart uploads without `@aws-sdk/lib-storage`: when one part fails, its `Upload` reads the rest of the source before it
 * rejects, and when it is aborted while the source stalls, the parts stay on the server (3.1173, `__doConcurrentUpload`, `done`).
 */
export function createS3Writer({ client, bucket, partBytes, uploading, parts }: S3Target) {
  let knowsConditions = true

  /** Stores all of `source` as `name` and returns its size. An existing object of that name is an error. */
  async function write(name: string, source: Interruptible<Uint8Array>, signal?: AbortSignal): Promise<number> {
    const begun: Part[] = []
    const begin = () => {
      const part = parts.begin(partBytes)
      begun.push(part)
      if (begun.length > LIVING_PARTS) begun.shift() // the oldest was sent
      return part
    }
    const collected = inParts(source, partBytes, begin)
    const nextPart = async (): Promise<Part> => (await collected.next()).value ?? begin()
    try {
      const first = await nextPart()
      const { size } = first
      if (size === partBytes) return await writeParts(name, first, nextPart, source, signal)
      await first.send((body) => writeWhole(name, body))
      return size
    } finally {
      for (const part of begun) await part.drop()
    }
  }

  /** If all responses are lost, an object is left behind, as after a crash; the next attempt with the same bytes finds it. */
  async function writeWhole(name: string, body: Buffer): Promise<void> {
    const object = { Bucket: bucket, Key: name, Body: body, ContentLength: body.length }
    if (knowsConditions) {
      const command = new PutObjectCommand({ ...object, IfNoneMatch: '*' })
      const stored = await client.send(command).catch((error: unknown) => ifStored(error, name, body))
      if (stored) return
      knowsConditions = false
    }
    if (await holds(name, body)) return
    await assertFree(name)
    await client.send(new PutObjectCommand(object)).catch(fail)
  }

  async function writeParts(
    name: string,
    first: Part,
    nextPart: () => Promise<Part>,
    source: Interruptible<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    await assertFree(name)
    const object = { Bucket: bucket, Key: name }
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(object)).catch(fail)
    const upload = { ...object, UploadId: `${UploadId}` }
    const cancel = new AbortController()
    uploading.add(`${UploadId}`)
    try {
      const Parts: CompletedPart[] = []
      let size = 0
      let part = first
      while (part.size > 0) {
        if (Parts.length === MAX_PARTS) throw new StorageError('too_large')
        const PartNumber = Parts.length + 1
        const options = { abortSignal: cancel.signal }
        const sending = part.send((Body) => {
          const command = new UploadPartCommand({ ...upload, PartNumber, Body, ContentLength: Body.length })
          return client.send(command, options).catch(fail)
        })
        sending.catch(source.interrupt)
        size += part.size
        const [{ ETag }, next] = await Promise.all([sending, nextPart()])
        Parts.push({ ETag, PartNumber })
        part = next
      }
      signal?.throwIfAborted()
      await completeMultipart(client, upload, Parts, size)
      return size
    } catch (error) {
      cancel.abort()
      // If this fails too, the next sweep does it. An unresponsive server is not asked again.
      const aborted = client.send(new AbortMultipartUploadCommand(upload)).catch(() => {})
      if (!isUnavailable(error)) await aborted
      throw error
    } finally {
      uploading.delete(`${UploadId}`)
    }
  }

  /**
   * Returns false if the server has no conditional writes: Amazon has them since August 2024, Ceph for whole objects. If the
   * response to an attempt was lost, the next one finds the object of that attempt: it is ours, since keys are random and the
   * bytes are the same.
   */
  async function ifStored(error: unknown, name: string, body: Buffer): Promise<boolean> {
    if (errorName(error) === 'PreconditionFailed' && (await holds(name, body))) return true
    if (errorName(error) !== 'NotImplemented') fail(error)
    return false
  }

  async function holds(name: string, body: Buffer): Promise<boolean> {
    const object = { Bucket: bucket, Key: name }
    if ((await sizeOf(client, object)) !== body.length) return false
    const { Body } = await client.send(new GetObjectCommand(object)).catch(fail)
    return body.equals((await Body?.transformToByteArray().catch(fail)) ?? Buffer.alloc(0))
  }

  /** Used if the server supports no conditions; sufficient because keys are random. */
  async function assertFree(name: string): Promise<void> {
    const found = await sizeOf(client, { Bucket: bucket, Key: name })
    if (found !== undefined) throw new Error('a blob with this key exists already')
  }

  return { write, writeWhole, assertFree }
}

/** Parts of exactly `partBytes`, and a last one with the rest, which may be empty. */
async function* inParts(
  source: AsyncIterable<Uint8Array>,
  partBytes: number,
  begin: () => Part,
): AsyncGenerator<Part, undefined> {
  let part = begin()
  for await (const chunk of source) {
    for (let rest = chunk; rest.byteLength > 0; ) {
      const piece = rest.subarray(0, partBytes - part.size)
      await part.add(piece)
      rest = rest.subarray(piece.byteLength)
      if (part.size < partBytes) continue
      yield part
      part = begin()
    }
  }
  yield part
}
