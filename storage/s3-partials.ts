import { randomUUID } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { PartialBlob, PartialWriter } from './blob-store.ts'
import { errorName, fail, failing } from './s3-errors.ts'
import { completeMultipart, listParts, type MultipartUpload } from './s3-multipart.ts'
import type { Part } from './s3-parts.ts'
import { MAX_PARTS, type S3Target, type S3Writer } from './s3-writer.ts'
import { StorageError } from './storage-error.ts'

/**
 * Blobs that are written in several requests: one multipart upload for all of them. Bytes that do not fill a part are stored in a
 * separate object, the tail, which is read again when the upload is resumed.
 */

/** Both ends inclusive. */
type Numbers = [first: number, last: number]

interface Notes {
  /** Part size at the start of the upload: all parts have the same size. */
  partBytes: number
  uploadId: string | null
  /** The valid parts, in order. Numbers in between belong to writers that were replaced in the middle of a part. */
  parts: Numbers[]
  /** Name of the object with the bytes after the parts. */
  tail: string | null
  /** The previous tail, which can be deleted once this state is stored. */
  oldTail: string | null
  /** Whether the last writer released it, so that none of its parts can still be in transit. */
  isPaused: boolean
  /** An earlier writer did not release it, and may still write. */
  isSeized: boolean
}

export interface S3PartialsTarget extends S3Target {
  /** Tails are named `<this><object>/<random>`. */
  tailPrefix: string
  writer: S3Writer
}

export function createS3Partials(target: S3PartialsTarget) {
  const { client, bucket, partBytes, uploading, tailPrefix, writer } = target

  /** `name`: of the final object. */
  async function open(name: string, from?: PartialBlob): Promise<PartialWriter> {
    const notes = from ? (JSON.parse(from.notes) as Notes) : newNotes(partBytes)
    let { uploadId } = notes
    const parts = notes.parts.map(([first, last]): Numbers => [first, last])
    const committed = countOf(parts) * notes.partBytes
    const tail = notes.tail === null ? undefined : await readTail(notes.tail, (from?.size ?? 0) - committed)
    const reserved = uploadId === null ? undefined : await reservedNumber(multipartOf(name, uploadId), notes)
    let part = target.parts.begin(notes.partBytes)
    if (tail) await part.add(tail)
    /** Whether bytes were added after those in the tail. */
    let isTailGood = true
    let sending: Promise<void> | undefined
    let hasNewParts = false
    if (uploadId) uploading.add(uploadId)
    if (notes.oldTail !== null) await removeObject(notes.oldTail)

    function add(chunk: Uint8Array): Promise<void> | undefined {
      if (chunk.byteLength === 0) return undefined
      isTailGood = false
      return part.size + chunk.byteLength < notes.partBytes ? part.add(chunk) : addParts(chunk)
    }

    async function addParts(chunk: Uint8Array): Promise<void> {
      for (let rest = chunk; rest.byteLength > 0; ) {
        const piece = rest.subarray(0, notes.partBytes - part.size)
        await part.add(piece)
        rest = rest.subarray(piece.byteLength)
        if (part.size === notes.partBytes) await sendPart()
      }
    }

    /** One part is sent while the next is collected. */
    async function sendPart(): Promise<void> {
      await sending
      sending = send(part)
      part = target.parts.begin(notes.partBytes)
      sending.catch(() => {}) // the next call reports the error
    }

    const send = (collected: Part): Promise<void> => collected.send(sendBytes)

    async function sendBytes(body: Buffer): Promise<void> {
      const next = lastOf(parts) + 1
      const PartNumber = next === reserved ? next + 1 : next
      if (PartNumber > MAX_PARTS) throw new StorageError('too_large')
      uploadId ??= await begin(name)
      const part = { ...multipartOf(name, uploadId), PartNumber, Body: body, ContentLength: body.length }
      await client.send(new UploadPartCommand(part)).catch(fail)
      append(parts, PartNumber)
      hasNewParts = true
    }

    function noted(tail: string | null, isPaused: boolean): string {
      const oldTail = tail === notes.tail ? null : notes.tail
      return JSON.stringify({ ...notes, uploadId, parts, tail, oldTail, isPaused } satisfies Notes)
    }

    /** Bytes collected for the next part are only in memory, and are not included. */
    async function checkpoint(): Promise<PartialBlob> {
      if (hasNewParts) return { size: countOf(parts) * notes.partBytes, notes: noted(null, false) }
      return { size: from?.size ?? 0, notes: noted(notes.tail, false) }
    }

    async function pause(): Promise<PartialBlob> {
      return ending(async () => {
        await sending
        const size = countOf(parts) * notes.partBytes + part.size
        if (part.size === 0) return { size, notes: noted(null, true) }
        if (isTailGood) return { size, notes: noted(notes.tail, true) }
        return { size, notes: noted(await part.send((body) => writeTail(name, body)), true) }
      })
    }

    async function finish(): Promise<number> {
      return ending(async () => {
        await sending
        const size = countOf(parts) * notes.partBytes + part.size
        if (uploadId === null) await part.send((body) => writer.writeWhole(name, body))
        else await complete(uploadId, size)
        await removeTails(name)
        return size
      })
    }

    async function complete(id: string, size: number): Promise<void> {
      if (part.size > 0) await send(part)
      const upload = multipartOf(name, id)
      const Parts: CompletedPart[] = []
      for await (const { PartNumber = 0, ETag } of listParts(client, upload)) {
        if (parts.some(([first, last]) => first <= PartNumber && PartNumber <= last)) Parts.push({ PartNumber, ETag })
      }
      if (Parts.length !== countOf(parts)) throw new Error('parts of an unfinished blob are lost')
      await completeMultipart(client, upload, Parts, size)
    }

    async function ending<T>(work: () => Promise<T>): Promise<T> {
      try {
        return await work()
      } finally {
        uploading.delete(uploadId ?? '')
        await part.drop()
      }
    }

    return { add, checkpoint, pause, finish }
  }

  async function begin(name: string): Promise<string> {
    await writer.assertFree(name)
    const object = { Bucket: bucket, Key: name }
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(object)).catch(fail)
    uploading.add(`${UploadId}`)
    return `${UploadId}`
  }

  /**
   * A part number that must not be used. A replaced writer may still send one part, with the number after the last that arrived:
   * if it replaced a valid part, the blob would be corrupt. If it has arrived already, it is overwritten, since Ceph completes an
   * upload only with all parts that it has. Throws `not_found` if the multipart upload no longer exists.
   */
  async function reservedNumber(
    upload: MultipartUpload,
    { parts, isPaused, isSeized }: Notes,
  ): Promise<number | undefined> {
    let last = lastOf(parts)
    for await (const { PartNumber = 0 } of listParts(client, upload, last)) last = Math.max(last, PartNumber)
    return isPaused && !isSeized ? undefined : last + 1
  }

  /**
   * Reserves the part number that the replaced writer may still use; if there are no parts yet, the upload continues as another
   * object.
   */
  async function seize(from: PartialBlob | undefined, newName: string) {
    if (!from) return { isNew: true, from }
    const notes = JSON.parse(from.notes) as Notes
    const isNew = notes.uploadId === null
    const tail =
      isNew && notes.tail !== null ? await writeTail(newName, await readTail(notes.tail, from.size)) : notes.tail
    const seized: Notes = { ...notes, tail, oldTail: isNew ? null : notes.oldTail, isSeized: !isNew }
    return { isNew, from: { size: from.size, notes: JSON.stringify(seized) } }
  }

  async function remove(name: string, from?: PartialBlob): Promise<void> {
    const uploadId = from ? (JSON.parse(from.notes) as Notes).uploadId : null
    if (uploadId !== null) {
      await client.send(new AbortMultipartUploadCommand(multipartOf(name, uploadId))).catch((error: unknown) => {
        if (errorName(error) !== 'NoSuchUpload') fail(error)
      })
    }
    await removeTails(name)
  }

  async function readTail(tail: string, size: number): Promise<Buffer> {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: tail })).catch(fail)
    const bytes = Buffer.from((await Body?.transformToByteArray().catch(fail)) ?? [])
    if (bytes.length !== size) throw new Error(`the tail of an unfinished blob has ${bytes.length} bytes, not ${size}`)
    return bytes
  }

  /** Under a unique name: a replaced writer must not overwrite the tail of its successor. */
  async function writeTail(name: string, body: Buffer): Promise<string> {
    const tail = `${tailsOf(name)}${randomUUID()}`
    const object = { Bucket: bucket, Key: tail, Body: body, ContentLength: body.length }
    await client.send(new PutObjectCommand(object)).catch(fail)
    return tail
  }

  async function removeTails(name: string): Promise<void> {
    for await (const page of failing(paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: tailsOf(name) }))) {
      for (const { Key } of page.Contents ?? []) if (Key) await removeObject(Key)
    }
  }

  const removeObject = (Key: string) => client.send(new DeleteObjectCommand({ Bucket: bucket, Key })).catch(fail)
  const tailsOf = (name: string): string => `${tailPrefix}${name}/`
  const multipartOf = (name: string, uploadId: string): MultipartUpload => ({
    Bucket: bucket,
    Key: name,
    UploadId: uploadId,
  })

  return { open, seize, remove }
}

const newNotes = (partBytes: number): Notes => ({
  partBytes,
  uploadId: null,
  parts: [],
  tail: null,
  oldTail: null,
  isPaused: true,
  isSeized: false,
})

const countOf = (parts: readonly Numbers[]): number => parts.reduce((sum, [first, last]) => sum + last - first + 1, 0)

const lastOf = (parts: readonly Numbers[]): number => parts.at(-1)?.[1] ?? 0

function append(parts: Numbers[], number: number): void {
  const last = parts.at(-1)
  if (last && last[1] === number - 1) last[1] = number
  else parts.push([number, number])
}
