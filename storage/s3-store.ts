import { tmpdir } from 'node:os'
import type { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  PutObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { AddressHeaders, BlobInfo, BlobKey, BlobStore, ByteRange } from './blob-store.ts'
import { interruptible } from './interruptible.ts'
import { createS3Client, type S3Connection } from './s3-client.ts'
import { errorName, fail, failing } from './s3-errors.ts'
import { listParts, type MultipartUpload, sizeOf } from './s3-multipart.ts'
import { createS3Partials } from './s3-partials.ts'
import { createParts } from './s3-parts.ts'
import { createS3Quarantine } from './s3-quarantine.ts'
import { readBody } from './s3-reader.ts'
import { createS3Writer, PART_TIMEOUT_MS, partBytesFor } from './s3-writer.ts'
import { StorageError } from './storage-error.ts'

const KEY = /^[0-9a-f]{32}$/

export interface S3StoreOptions extends S3Connection {
  bucket: string
  /** Prefix of every key, such as `mayfly/`; may be empty. */
  prefix: string
  /** Size of the largest blob; `Infinity`: no limit. */
  maxBlobBytes: number
  /** At least 5 MiB. */
  partBytes?: number
  /** A folder on disk for parts that do not fit into memory. */
  folder?: string
  /** For the parts of all uploads together; see also `SENT_BYTES`. */
  memoryBytes?: number
  /** Timeout without activity; every request is tried three times. */
  silenceMs?: number
  /** Maximum bytes that one request copies within the bucket: from 5 MiB to the 5 GiB that S3 allows. */
  copyBytes?: number
}

const MiB = 1024 * 1024
const MEMORY_BYTES = 96 * MiB
/** Additional memory for sending parts that were collected on disk; or one part, if that is larger. */
const SENT_BYTES = 48 * MiB

/** AWS dates an object by the start of its multipart upload, so a new one may appear to be a day old. */
const LONGEST_UPLOAD_MS = 24 * 60 * 60 * 1000
/** The S3 ETag of such an object is a digest, a dash and the number of its parts. */
const isMultipart = (etag: string | undefined): boolean => /-\d+"?$/.test(etag ?? '')

/** Prefix of bytes that do not fill a part, see `s3-partials.ts`. */
const TAILS = 'tails/'

/** The object with the id of the store. */
const STORE_ID = 'store-id'
const QUARANTINE = 'quarantine/'
const COPY_BYTES = 1024 ** 3
const SILENCE_MS = 15_000
/** Also for clocks that differ. A download that has begun may take longer. */
const ADDRESS_SECONDS = 5 * 60

/** Blobs as objects `<prefix><key>` of one bucket. Safe to share between processes. */
export function createS3Store(options: S3StoreOptions): BlobStore {
  const {
    bucket,
    prefix,
    partBytes = partBytesFor(options.maxBlobBytes),
    copyBytes = COPY_BYTES,
    silenceMs = SILENCE_MS,
  } = options
  const client = createS3Client(options, { socketTimeout: silenceMs, requestTimeout: PART_TIMEOUT_MS })
  // There is no activity while a reader pauses, or while the server copies.
  const patient = createS3Client(options, { socketTimeout: 0, requestTimeout: silenceMs })
  const uploading = new Set<string>()
  const parts = createParts({
    folder: options.folder ?? tmpdir(),
    memoryBytes: options.memoryBytes ?? MEMORY_BYTES,
    parallelism: Math.max(1, Math.floor(SENT_BYTES / partBytes)),
  })
  const target = { client, bucket, partBytes, uploading, parts }
  const writer = createS3Writer(target)
  const tailPrefix = `${prefix}${TAILS}`
  const partials = createS3Partials({ ...target, tailPrefix, writer })
  const quarantinePrefix = `${prefix}${QUARANTINE}`
  const quarantine = createS3Quarantine({
    client: patient,
    bucket,
    uploading,
    copyBytes,
    list: () => listBelow(quarantinePrefix),
    nameOf: (key) => objectOf(key).Key,
    quarantinedNameOf: (key) => quarantinePrefix + assertKey(key),
  })

  const objectOf = (key: BlobKey): { Bucket: string; Key: string } => ({ Bucket: bucket, Key: prefix + assertKey(key) })

  async function put(key: BlobKey, bytes: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<number> {
    return writer.write(objectOf(key).Key, interruptible(bytes, signal), signal)
  }

  async function get(key: BlobKey, range?: ByteRange): Promise<AsyncIterableIterator<Buffer>> {
    const Range = range && `bytes=${range.start}-${range.end}`
    const { Body, ContentLength } = await patient.send(new GetObjectCommand({ ...objectOf(key), Range })).catch(fail)
    const body = Body as Readable
    const length = range ? range.end + 1 - range.start : ContentLength
    if (length !== undefined && length === ContentLength) return readBody(body, length)
    body.on('error', () => {}).destroy()
    throw new Error(`S3 answered with ${ContentLength} bytes in place of ${length}`)
  }

  async function addressOf(key: BlobKey, headers: AddressHeaders): Promise<string> {
    const get = new GetObjectCommand({
      ...objectOf(key),
      ResponseContentType: headers.contentType,
      ResponseContentDisposition: headers.contentDisposition,
      ResponseCacheControl: headers.cacheControl,
    })
    return getSignedUrl(client, get, { expiresIn: ADDRESS_SECONDS }).catch(fail)
  }

  async function size(key: BlobKey): Promise<number | undefined> {
    return sizeOf(client, objectOf(key))
  }

  async function remove(key: BlobKey): Promise<void> {
    await client.send(new DeleteObjectCommand(objectOf(key))).catch(fail)
  }

  /** Blobs whose names are `<start><key>`. */
  async function* listBelow(start: string): AsyncGenerator<BlobInfo> {
    for await (const page of failing(paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: start }))) {
      for (const { Key, Size, LastModified, ETag } of page.Contents ?? []) {
        const key = keyOf(Key, start)
        const modifiedAt = (LastModified?.getTime() ?? 0) + (isMultipart(ETag) ? LONGEST_UPLOAD_MS : 0)
        if (key) yield { key, size: Size ?? 0, modifiedAt }
      }
    }
  }

  /** Undefined for objects of other programs. */
  function keyOf(name: string | undefined, start = prefix): BlobKey | undefined {
    const key = name?.startsWith(start) ? name.slice(start.length) : ''
    return KEY.test(key) ? key : undefined
  }

  async function sweep(before: number, isWanted: (key: BlobKey) => Promise<boolean> = async () => false) {
    const [uploads, tails] = [await sweepUploads(before, isWanted), await sweepTails(before, isWanted)]
    return { count: uploads.count + tails.count, bytes: uploads.bytes + tails.bytes }
  }

  /** A multipart upload of another process may be old and still active, so the age of its last part counts. */
  async function sweepUploads(before: number, isWanted: (key: BlobKey) => Promise<boolean>) {
    const swept = { count: 0, bytes: 0 }
    for await (const { Key, UploadId, Initiated } of failing(multipartUploads())) {
      const key = keyOf(Key) ?? keyOf(Key, quarantinePrefix)
      if (!key || !Key || !UploadId || uploading.has(UploadId)) continue
      const upload = { Bucket: bucket, Key, UploadId }
      const { bytes, lastPartAt } = await partsOf(upload)
      if (Math.max(Initiated?.getTime() ?? 0, lastPartAt) >= before || (await isWanted(key))) continue
      await client.send(new AbortMultipartUploadCommand(upload)).catch(unlessGone)
      swept.count += 1
      swept.bytes += bytes
    }
    return swept
  }

  /** Tails of deleted blobs, or of writers that crashed before the tail was recorded. */
  async function sweepTails(before: number, isWanted: (key: BlobKey) => Promise<boolean>) {
    const swept = { count: 0, bytes: 0 }
    for await (const page of failing(paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: tailPrefix }))) {
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
        const key = keyOf(Key.slice(tailPrefix.length).replace(/\/[^/]*$/, ''))
        if (!key || (LastModified?.getTime() ?? 0) >= before || (await isWanted(key))) continue
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key })).catch(fail)
        swept.count += 1
        swept.bytes += Size
      }
    }
    return swept
  }

  async function* multipartUploads() {
    let page: ListMultipartUploadsCommandOutput | undefined
    do {
      const after = { KeyMarker: page?.NextKeyMarker, UploadIdMarker: page?.NextUploadIdMarker }
      page = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...after }))
      yield* page.Uploads ?? []
    } while (page.IsTruncated)
  }

  async function partsOf(upload: MultipartUpload) {
    const found = { bytes: 0, lastPartAt: 0 }
    try {
      for await (const { Size, LastModified } of listParts(client, upload)) {
        found.bytes += Size ?? 0
        found.lastPartAt = Math.max(found.lastPartAt, LastModified?.getTime() ?? 0)
      }
    } catch (error) {
      unlessGone(error)
    }
    return found
  }

  async function readId(): Promise<string | undefined> {
    const object = { Bucket: bucket, Key: prefix + STORE_ID }
    const found = await client.send(new GetObjectCommand(object)).catch((error: unknown) => {
      if (errorName(error) !== 'NoSuchKey') fail(error)
    })
    return (await found?.Body?.transformToString().catch(fail))?.trim()
  }

  async function writeId(id: string): Promise<void> {
    const Body = `${id}\n`
    const object = { Bucket: bucket, Key: prefix + STORE_ID, Body, ContentLength: Body.length }
    await client.send(new PutObjectCommand(object)).catch(fail)
  }

  async function check(): Promise<void> {
    await client.send(new HeadBucketCommand({ Bucket: bucket })).catch((cause: unknown) => {
      throw new StorageError('unavailable', { cause })
    })
  }

  return {
    put,
    adopt: async () => false,
    get,
    openPartial: async (key, from) => partials.open(objectOf(key).Key, from),
    seizePartial: async (key, from, newKey) => {
      const seized = await partials.seize(from, objectOf(newKey).Key)
      return { key: seized.isNew ? newKey : key, from: seized.from }
    },
    deletePartial: async (key, from) => partials.remove(objectOf(key).Key, from),
    size,
    pathInFolder: () => undefined,
    addressOf,
    delete: remove,
    list: () => listBelow(prefix),
    sweep,
    quarantine,
    readId,
    writeId,
    freeBytes: async () => undefined,
    check,
    close: async () => {
      client.destroy()
      patient.destroy()
    },
  }
}

function assertKey(key: BlobKey): BlobKey {
  if (!KEY.test(key)) throw new TypeError('not a blob key')
  return key
}

/** Finished or aborted by its owner between our calls. */
function unlessGone(error: unknown): undefined {
  if (error instanceof StorageError && error.kind === 'not_found') return
  if (errorName(error) !== 'NoSuchUpload') fail(error)
}
