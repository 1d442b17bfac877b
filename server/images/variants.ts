import { createHash } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { BlobStore } from '../../storage/blob-store.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { newBlobKey } from '../lib/ids.ts'
import type { Sender } from '../lib/sender.ts'
import type { AssertFreeSpace } from '../uploads/intake/free-space.ts'
import { createBytesReader } from '../uploads/intake/promised-bytes.ts'
import type { StoredFile } from '../uploads/upload.ts'
import { assertModest, completed, specOf } from './derivation.ts'
import { type ImageSpool, spoolFile } from './image-spool.ts'
import type { Derivation, Derived } from './pipeline/derive.ts'
import { ImageProblem } from './pipeline/image.ts'
import type { ImagePipeline } from './pipeline/image-pipeline.ts'
import type { Claimant, Slots } from './pipeline/slots.ts'
import type { Variant } from './variant.ts'
import type { VariantsRepo } from './variants-repo.ts'

interface Dependencies {
  pipeline: Pick<ImagePipeline, 'derive'>
  spool: ImageSpool
  repo: VariantsRepo
  blobs: BlobStore
  assertFreeSpace: AssertFreeSpace
  clock: Clock
  log: Pick<FastifyBaseLogger, 'error'>
  /** Each derived image needs a copy of the file, which takes space and time, so their number is limited. */
  slots: Slots
  /** Maximum file size. */
  maxBytes: number
}

/** An image that is being derived, and the number of requests that wait for it. */
interface Running {
  made: Promise<Variant>
  stop: AbortController
  waiting: number
}

/** Anyone may request thousands of different derivations, each of which takes space until the file is deleted. */
const MAX_PER_FILE = 64

export type Variants = ReturnType<typeof createVariants>

/** Images derived from a file's image: made at the first request, stored as blobs, deleted with the file. */
export function createVariants({
  pipeline,
  spool,
  repo,
  blobs,
  assertFreeSpace,
  clock,
  log,
  slots,
  maxBytes,
}: Dependencies) {
  const bytesReader = createBytesReader(blobs)
  const running = new Map<string, Running>()

  /**
   * The caller must already have access to the file, which must not be limited. Throws `bad_request`: not an image, or
   * parameters that the caller may not use; `not_acceptable`: it can't be decoded; `unavailable`: too many requests;
   * `not_found`: removed meanwhile; `aborted`: `reader` disconnected.
   */
  async function get(
    file: StoredFile,
    requested: Derivation,
    { isAdmin }: { isAdmin: boolean },
    reader?: Sender,
  ): Promise<Variant> {
    const derivation = completed(requested, file)
    if (!derivation) throw new AppError('not_a_picture', { name: file.name, id: file.id })
    if (!isAdmin) assertModest(requested)
    const spec = specOf(derivation)
    return shared(`${file.id} ${spec}`, reader?.gone, async (signal) => {
      const claimant = { owner: reader?.network, signal }
      return (await repo.find(file.id, spec)) ?? (await inTurn(claimant, () => make(file, spec, derivation, claimant)))
    })
  }

  const inTurn = (claimant: Claimant, work: () => Promise<Variant>): Promise<Variant> =>
    slots.run(work, claimant).catch((cause: unknown) => {
      if (!(cause instanceof ImageProblem)) throw cause
      throw new AppError('too_many_pictures', {}, { cause, retryAfterSeconds: 5 })
    })

  /** Parallel requests for the same image share one derivation; it is stopped when the last of them has disconnected. */
  async function shared(
    key: string,
    gone: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<Variant>,
  ): Promise<Variant> {
    const one = running.get(key) ?? started(key, work)
    one.waiting += 1
    const leave = () => {
      one.waiting -= 1
      if (one.waiting === 0) one.stop.abort(new AppError('reader_gone'))
    }
    gone?.addEventListener('abort', leave, { once: true })
    if (gone?.aborted) leave()
    return one.made.finally(() => gone?.removeEventListener('abort', leave))
  }

  function started(key: string, work: (signal: AbortSignal) => Promise<Variant>): Running {
    const stop = new AbortController()
    const forget = () => {
      if (running.get(key) === one) running.delete(key)
    }
    // Requests that arrive after it was stopped start a new derivation.
    stop.signal.addEventListener('abort', forget)
    const one: Running = { made: work(stop.signal).finally(forget), stop, waiting: 0 }
    running.set(key, one)
    return one
  }

  async function make(file: StoredFile, spec: string, derivation: Derivation, claimant: Claimant): Promise<Variant> {
    await assertFreeSpace()
    const { bytes, contentType } = await derive(file, derivation, claimant)
    const variant: Variant = {
      fileId: file.id,
      spec,
      blobKey: newBlobKey(),
      size: bytes.length,
      type: contentType,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      createdAt: clock(),
    }
    await blobs.put(variant.blobKey, only(bytes))
    // If this throws, it is unknown whether the row exists: the orphan sweep decides about the blob.
    const { isKept, displaced } = await repo.insert(variant, MAX_PER_FILE)
    await discard(displaced)
    return isKept ? variant : ((await repo.find(file.id, spec)) ?? gone(file))
  }

  /** If this fails, the blob is an orphan without a row, which the sweep deletes. */
  async function discard(keys: readonly string[]): Promise<void> {
    for (const key of keys)
      await blobs.delete(key).catch((err: unknown) => log.error({ err }, 'could not discard a derived image'))
  }

  /** From a copy on disk: libvips can't read from a bucket, and memory use must not depend on the file size. */
  async function derive(file: StoredFile, derivation: Derivation, claimant: Claimant): Promise<Derived> {
    if (file.blobKey === null) return gone(file)
    if (file.size > maxBytes) throw new AppError('picture_too_large')
    const key = file.blobKey
    return spool.lend(async ({ input }) => {
      const bytes = await bytesReader.open({ key, start: 0, end: file.size - 1 })
      await spoolFile(input, owned(bytes), claimant.signal)
      return pipeline.derive(input, derivation, claimant)
    })
  }

  return {
    get,
    /** Called if the bytes of the image are lost. */
    forget: repo.forget,
  }
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}

/** A store's chunks are valid only until the next one is requested, but a stream keeps several. */
async function* owned(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk)
}

function gone(file: StoredFile): never {
  throw new AppError('file_not_available', { name: file.name, id: file.id, status: 'deleted' })
}
