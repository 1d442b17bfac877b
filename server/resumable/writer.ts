import type { BlobKey, BlobStore, PartialBlob, PartialWriter } from '../../storage/blob-store.ts'
import { interruptible } from '../../storage/interruptible.ts'
import type { Config } from '../config/config.ts'
import type { Trx } from '../database/transact.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError, kindOf } from '../lib/errors.ts'
import { newBlobKey } from '../lib/ids.ts'
import type { Sender } from '../lib/sender.ts'
import { type Meter, tooLarge } from '../uploads/intake/file-intake.ts'
import { type ReserveSpace, type SpaceReservation, withSpace } from '../uploads/intake/free-space.ts'
import type { Budget, Quotas } from '../uploads/intake/quotas.ts'
import type { UploadsIntake } from '../uploads/intake/uploads-intake.ts'
import { measureBlob } from '../uploads/stored-bytes.ts'
import type { StoredFile } from '../uploads/upload.ts'
import type { DigestCache } from './digest-cache.ts'
import { type Chunk, isComplete, type ResumableUpload } from './resumable-upload.ts'
import type { Progress } from './resumable-uploads-repo.ts'
import type { UploadLock } from './upload-locks.ts'

interface Dependencies {
  blobs: BlobStore
  digestCache: DigestCache
  intake: UploadsIntake
  quotas: Pick<Quotas, 'budgetOf' | 'assertRoom'>
  findFile: (id: string) => Promise<StoredFile | undefined>
  reserveSpace: ReserveSpace
  clock: Clock
  config: Pick<Config, 'resumeWindowMs' | 'md5'>
}

/** An upload expires this many times `RESUME_WINDOW` after its creation, even if it was never idle for that long. */
const MAX_WINDOWS = 7
/** Reservation step for an upload of unknown length, for a user with a quota. */
const RESERVED_STEP_BYTES = 16 * 1024 * 1024

interface QuotaReservation {
  /** Maximum total bytes of the upload. */
  readonly bytes: number
  /** Throws `too_large` if there is no room for `needed` bytes. */
  extend: (needed: number) => Promise<void>
}

export type UploadWriter = ReturnType<typeof createUploadWriter>

/** Adds bytes to the unfinished blob while its lock is held. Once all are received, makes it a file. */
export function createUploadWriter({
  blobs,
  digestCache,
  intake,
  quotas,
  findFile,
  reserveSpace,
  clock,
  config,
}: Dependencies) {
  /** Throws like `ResumableUploads.append`, after the received bytes were kept. */
  async function receive(lock: UploadLock, chunk: Chunk): Promise<void> {
    assertContinues(lock.resumable, chunk)
    if (lock.resumable.status === 'finished') return assertNothingMore(lock.resumable, chunk)
    const size = sizeOf(chunk)
    if (size !== undefined) lock.update({ size })
    assertFits(lock.resumable, chunk.offset + (chunk.size ?? 0))
    const expected = lock.resumable.size === null ? chunk.size : lock.resumable.size - chunk.offset
    const space = await reserveSpace(expected)
    try {
      await store(lock, chunk, space)
    } finally {
      space.release()
    }
  }

  async function store(lock: UploadLock, chunk: Chunk, space: SpaceReservation): Promise<void> {
    const reservation = await reservationFor(lock, chunk)
    const writer = await open(lock)
    if (!writer) return finish(lock, undefined, chunk)
    const meter = digestCache.take(lock.resumable)
    if (!chunk.check) lock.onRenewal(async () => progressOf(lock, await writer.checkpoint()))
    const progress = { offset: chunk.offset }
    const failure = await take(
      lock,
      { ...chunk, bytes: withSpace(chunk.bytes, space) },
      progress,
      writer,
      meter,
      reservation,
    )
    lock.onRenewal(undefined)
    if (failure && chunk.check) return reject(writer, meter, failure.error)
    if (!failure && chunk.isLast && lock.resumable.size === null) lock.update({ size: progress.offset })
    if (progress.offset === lock.resumable.size) {
      await writer.finish()
      return finish(lock, meter, chunk)
    }
    await pause(lock, writer, meter).catch((error: unknown) => {
      throw failure ? failure.error : error
    })
    if (failure) throw failure.error
  }

  /** The rejected bytes are not recorded, so the next chunk overwrites them. */
  async function reject(writer: PartialWriter, meter: Meter | undefined, error: unknown): Promise<never> {
    meter?.drop()
    await writer.pause().catch(() => {})
    throw error
  }

  /** Finishes an upload whose bytes are complete: its last request may have failed before it was finished. */
  async function complete(lock: UploadLock, sender?: Sender): Promise<void> {
    const { resumable } = lock
    if (resumable.status === 'open' && isComplete(resumable))
      await receive(lock, { offset: resumable.offset, bytes: nothing(), size: 0, ...(sender && { sender }) })
  }

  function assertContinues({ offset, size }: ResumableUpload, chunk: Chunk): void {
    if (chunk.offset !== offset) throw new AppError('offset_mismatch', { expected: offset, offset: chunk.offset })
    const wanted = sizeOf(chunk)
    if (wanted === undefined || size === null || wanted === size) return
    throw new AppError('upload_length_mismatch', { size, wanted })
  }

  /** A finished file never changes; a client that missed the response may send the last request again. */
  function assertNothingMore({ concat }: ResumableUpload, { size }: Chunk): void {
    if (concat.startsWith('final')) throw new AppError('upload_was_joined') // tus 1.0.0
    if (size !== 0) throw new AppError('upload_finished')
  }

  function assertFits({ size, maxSize }: ResumableUpload, needed: number): void {
    if (size !== null && needed > size) throw new AppError('more_bytes_than_announced', { size })
    if (maxSize !== null && needed > maxSize) throw tooLarge(maxSize)
  }

  /** Returns undefined if the blob is already finished, because the process died before it could record that. */
  async function open(lock: UploadLock): Promise<PartialWriter | undefined> {
    const isNew = lock.resumable.notes === null
    if ((isNew || isComplete(lock.resumable)) && (await isWhole(lock.resumable))) return undefined
    try {
      if (lock.resumable.isTorn) await seize(lock)
      return await blobs.openPartial(keyOf(lock.resumable), partialOf(lock.resumable))
    } catch (error) {
      if (kindOf(error) !== 'not_found') throw error
      if (await isWhole(lock.resumable)) return undefined
      lock.update({ offset: 0, notes: null, blobKey: newBlobKey() })
      throw new AppError('received_bytes_lost', {}, { cause: error })
    }
  }

  /** A process that was frozen may continue writing: from now on to a blob that is no longer used. */
  async function seize(lock: UploadLock): Promise<void> {
    const [key, from] = [keyOf(lock.resumable), partialOf(lock.resumable)]
    const seized = await blobs.seizePartial(key, from, newBlobKey())
    lock.update({ blobKey: seized.key, notes: seized.from?.notes ?? null, isTorn: false })
    await lock.save()
    if (seized.key !== key) await blobs.deletePartial(key, from)
  }

  const isWhole = async (resumable: ResumableUpload): Promise<boolean> =>
    (await blobs.size(keyOf(resumable))) === resumable.size

  /**
   * Reserves quota for the bytes of a chunk. An announced length was reserved at the creation; otherwise quota is
   * reserved step by step, so that parallel uploads of unknown length can't exceed the quota together.
   */
  async function reservationFor(lock: UploadLock, { offset, size = 0, parts }: Chunk): Promise<QuotaReservation> {
    const { userId, size: total, reserved } = lock.resumable
    const isReserved = parts !== undefined || reserved >= (total ?? Number.POSITIVE_INFINITY)
    const budget = isReserved || userId === null ? undefined : await budgetOf(lock.resumable)
    if (!budget || !Number.isFinite(budget.maxUserSizeBytes))
      return { bytes: Number.POSITIVE_INFINITY, extend: async () => {} }
    const reservation = { bytes: reserved, extend }

    async function reserve(bytes: number): Promise<void> {
      await lock.reserve(bytes, (trx) => quotas.assertRoom(trx, budget as Budget, bytes, [lock.resumable.id]))
      reservation.bytes = bytes
    }

    async function extend(needed: number): Promise<void> {
      const wanted = lock.resumable.size ?? needed + RESERVED_STEP_BYTES
      try {
        await reserve(wanted)
      } catch (error) {
        if (kindOf(error) !== 'too_large' || wanted === needed) throw error
        await reserve(needed) // the last bytes of the quota
      }
    }

    if (offset + size > reserved) await reserve(total ?? offset + size)
    return reservation
  }

  async function budgetOf({ userId, requestId, fileId }: ResumableUpload): Promise<Budget> {
    const file = fileId === null ? undefined : await findFile(fileId)
    return quotas.budgetOf({ userId }, { isSecret: (file?.requestId ?? requestId) !== null })
  }

  /** Returns the error that interrupted it, if any. */
  async function take(
    lock: UploadLock,
    { bytes, check }: Chunk,
    progress: { offset: number },
    writer: PartialWriter,
    meter: Meter | undefined,
    reservation: QuotaReservation,
  ): Promise<{ error: unknown } | undefined> {
    try {
      for await (const chunk of interruptible(bytes, lock.signal)) {
        lock.assertHeld()
        const offset = progress.offset + chunk.byteLength
        assertFits(lock.resumable, offset)
        if (offset > reservation.bytes) await reservation.extend(offset)
        progress.offset = offset
        check?.add(chunk)
        const isDigesting = meter?.add(chunk)
        const isWriting = writer.add(chunk)
        if (isWriting) await isWriting
        if (isDigesting) await isDigesting
      }
      check?.end()
      return undefined
    } catch (error) {
      return { error }
    }
  }

  async function pause(lock: UploadLock, writer: PartialWriter, meter: Meter | undefined): Promise<void> {
    try {
      const partial = await writer.pause()
      lock.update({ ...progressOf(lock, partial), reserved: lock.resumable.size ?? partial.size })
      lock.assertHeld()
      digestCache.give(lock.resumable, meter)
    } catch (error) {
      meter?.drop()
      throw error
    }
  }

  /** The blob is complete. */
  async function finish(lock: UploadLock, meter: Meter | undefined, { parts, sender }: Chunk): Promise<void> {
    const { size, fileId, sha256 } = lock.resumable
    const key = keyOf(lock.resumable)
    lock.update({ offset: size as number })
    if (fileId === null) return lock.update({ status: 'finished' })
    const measured = meter
      ? { blobKey: key, ...(await meter.result()), image: null }
      : await measureBlob(blobs, key, config.md5 === 'always')
    if (sha256 !== null && sha256 !== measured.sha256) throw new AppError('upload_digest_mismatch')
    const done: Progress = { status: 'finished', blobKey: null }
    const settle = async (trx: Trx) => {
      await lock.commit(trx, done)
      await parts?.end(trx)
    }
    const replaces = [lock.resumable.id, ...(parts?.ids ?? [])]
    const file = await intake.adopt(fileId, measured, { replaces, settle }, sender)
    lock.update(done)
    await lock.release()
    if (file.blobKey !== key) await intake.discard(key) // the received blob of an image that was treated
  }

  const progressOf = ({ resumable }: UploadLock, { size, notes }: PartialBlob): Progress => ({
    offset: size,
    notes,
    expiresAt: Math.min(clock() + config.resumeWindowMs, resumable.createdAt + MAX_WINDOWS * config.resumeWindowMs),
  })

  return { receive, complete }
}

/** Set until the upload is finished. */
const keyOf = ({ blobKey }: ResumableUpload): BlobKey => blobKey as BlobKey

const partialOf = ({ offset, notes }: ResumableUpload): PartialBlob | undefined =>
  notes === null ? undefined : { size: offset, notes }

/** The size of the whole upload, as far as the chunk determines it. */
function sizeOf({ offset, size, uploadSize, isLast }: Chunk): number | undefined {
  return uploadSize ?? (isLast && size !== undefined ? offset + size : undefined)
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
