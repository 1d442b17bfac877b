import type { BlobKey, BlobStore, PartialBlob, PartialWriter } from '../../storage/blob-store.ts'
import { interruptible } from '../../storage/interruptible.ts'
import type { Config } from '../config/config.ts'
import type { Trx } from '../database/transact.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { newBlobKey } from '../lib/ids.ts'
import type { Sender } from '../lib/sender.ts'
import { type Meter, tooLarge } from '../uploads/intake/file-intake.ts'
import { type ReserveSpace, type SpaceReservation, withSpace } from '../uploads/intake/free-space.ts'
import type { Budget, Quotas } from '../uploads/intake/quotas.ts'
import type { UploadsIntake } from '../uploads/intake/uploads-intake.ts'
import { measureBlob } from '../uploads/stored-bytes.ts'
import type { StoredFile } from '../uploads/upload.ts'
import type { Meters } from './digest-cache.ts'
import { isComplete, type Piece, type Resumable } from './resumable.ts'
import type { Progress } from './resumables-repo.ts'
import type { Turn } from './upload-locks.ts'

interface Dependencies {
  blobs: BlobStore
  meters: Meters
  intake: UploadsIntake
  quotas: Pick<Quotas, 'budgetOf' | 'assertRoom'>
  findFile: (id: string) => Promise<StoredFile | undefined>
  reserveSpace: ReserveSpace
  clock: Clock
  config: Pick<Config, 'resumeWindowMs'>
}

/** An upload ends this many times `RESUME_WINDOW` after its creation, even if it never paused for that long. */
const MAX_WINDOWS = 7
/** Of an upload of unknown length, for a user with a quota. */
const RESERVED_STEP_BYTES = 16 * 1024 * 1024

interface Reservation {
  /** How many bytes the upload may have in all. */
  readonly bytes: number
  /** Throws `too_large`: there is no room for as many as are needed now. */
  extend: (needed: number) => Promise<void>
}

export type Receiver = ReturnType<typeof createReceiver>

/** What happens in one turn: bytes are added to the unfinished blob, and once all are there it becomes a file. */
export function createReceiver({ blobs, meters, intake, quotas, findFile, reserveSpace, clock, config }: Dependencies) {
  /** Throws as `Resumables.append`, after the received bytes were kept. */
  async function receive(turn: Turn, piece: Piece): Promise<void> {
    assertContinues(turn.resumable, piece)
    if (turn.resumable.status === 'finished') return assertNothingMore(turn.resumable, piece)
    const length = lengthOf(piece)
    if (length !== undefined) turn.keep({ length })
    assertFits(turn.resumable, piece.offset + (piece.size ?? 0))
    const expected = turn.resumable.length === null ? piece.size : turn.resumable.length - piece.offset
    const space = await reserveSpace(expected)
    try {
      await store(turn, piece, space)
    } finally {
      space.release()
    }
  }

  async function store(turn: Turn, piece: Piece, space: SpaceReservation): Promise<void> {
    const reservation = await reservationFor(turn, piece)
    const writer = await open(turn)
    if (!writer) return finish(turn, undefined, piece)
    const meter = meters.take(turn.resumable)
    if (!piece.check) turn.reports(async () => progressOf(turn, await writer.checkpoint()))
    const count = { received: piece.offset }
    const failure = await take(
      turn,
      { ...piece, bytes: withSpace(piece.bytes, space) },
      count,
      writer,
      meter,
      reservation,
    )
    turn.reports(undefined)
    if (failure && piece.check) return reject(writer, meter, failure.error)
    if (!failure && piece.isLast && turn.resumable.length === null) turn.keep({ length: count.received })
    if (count.received === turn.resumable.length) {
      await writer.finish()
      return finish(turn, meter, piece)
    }
    await pause(turn, writer, meter).catch((error: unknown) => {
      throw failure ? failure.error : error
    })
    if (failure) throw failure.error
  }

  /** Nothing of it is noted, so the next piece is written over these bytes. */
  async function reject(writer: PartialWriter, meter: Meter | undefined, error: unknown): Promise<never> {
    meter?.drop()
    await writer.pause().catch(() => {})
    throw error
  }

  /** Finishes what has all its bytes: its last request may have died on the way. */
  async function complete(turn: Turn, sender?: Sender): Promise<void> {
    const { resumable } = turn
    if (resumable.status === 'open' && isComplete(resumable))
      await receive(turn, { offset: resumable.received, bytes: nothing(), size: 0, ...(sender && { sender }) })
  }

  function assertContinues({ received, length }: Resumable, piece: Piece): void {
    if (piece.offset !== received)
      throw new AppError('conflict', `offset mismatch: expected ${received}, got ${piece.offset}`)
    const wanted = lengthOf(piece)
    if (wanted === undefined || wanted === (length ?? wanted)) return
    throw new AppError('conflict', `the upload has ${length} bytes, not ${wanted}`)
  }

  /** A finished file never changes; a client that did not hear of its end may ask once more. */
  function assertNothingMore({ concat }: Resumable, { size }: Piece): void {
    if (concat.startsWith('final')) throw new AppError('forbidden', 'the upload was joined of its parts') // tus 1.0.0
    if (size !== 0) throw new AppError('conflict', 'the upload is finished')
  }

  function assertFits({ length, maxLength }: Resumable, size: number): void {
    if (length !== null && size > length)
      throw new AppError('too_large', `more bytes were sent than the ${length} that were announced`)
    if (maxLength !== null && size > maxLength) throw tooLarge(maxLength)
  }

  /** Undefined: the blob was made whole already, in a turn that did not live to say so. */
  async function open(turn: Turn): Promise<PartialWriter | undefined> {
    const isNew = turn.resumable.notes === null
    if ((isNew || isComplete(turn.resumable)) && (await isWhole(turn.resumable))) return undefined
    try {
      if (turn.resumable.isTorn) await seize(turn)
      return await blobs.openPartial(keyOf(turn.resumable), partialOf(turn.resumable))
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'not_found')) throw error
      if (await isWhole(turn.resumable)) return undefined
      turn.keep({ received: 0, notes: null, blobKey: newBlobKey() })
      throw new AppError('conflict', 'what was received is lost, please begin anew', { cause: error })
    }
  }

  /** A process that was frozen continues where it stood: from now on with a blob that nobody reads. */
  async function seize(turn: Turn): Promise<void> {
    const [key, from] = [keyOf(turn.resumable), partialOf(turn.resumable)]
    const seized = await blobs.seizePartial(key, from, newBlobKey())
    turn.keep({ blobKey: seized.key, notes: seized.from?.notes ?? null, isTorn: false })
    await turn.save()
    if (seized.key !== key) await blobs.deletePartial(key, from)
  }

  const isWhole = async (resumable: Resumable): Promise<boolean> =>
    (await blobs.size(keyOf(resumable))) === resumable.length

  /**
   * What the bytes of a piece may take of the quota. Where the length was announced, it was reserved with it; otherwise it is
   * reserved step by step, so that parallel uploads of unknown length keep no more together than one alone.
   */
  async function reservationFor(turn: Turn, { offset, size = 0, parts }: Piece): Promise<Reservation> {
    const { userId, length, reserved } = turn.resumable
    const isReserved = parts !== undefined || reserved >= (length ?? Number.POSITIVE_INFINITY)
    const budget = isReserved || userId === null ? undefined : await budgetOf(turn.resumable)
    if (!budget || !Number.isFinite(budget.maxUserSizeBytes))
      return { bytes: Number.POSITIVE_INFINITY, extend: async () => {} }
    const reservation = { bytes: reserved, extend }

    async function reserve(bytes: number): Promise<void> {
      await turn.reserve(bytes, (trx) => quotas.assertRoom(trx, budget as Budget, bytes, [turn.resumable.id]))
      reservation.bytes = bytes
    }

    async function extend(needed: number): Promise<void> {
      const wanted = turn.resumable.length ?? needed + RESERVED_STEP_BYTES
      try {
        await reserve(wanted)
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'too_large') || wanted === needed) throw error
        await reserve(needed) // the last bytes of the quota
      }
    }

    if (offset + size > reserved) await reserve(length ?? offset + size)
    return reservation
  }

  async function budgetOf({ userId, requestId, fileId }: Resumable): Promise<Budget> {
    const file = fileId === null ? undefined : await findFile(fileId)
    return quotas.budgetOf({ userId }, { isSecret: (file?.requestId ?? requestId) !== null })
  }

  /** Returns why it broke off. */
  async function take(
    turn: Turn,
    { bytes, check }: Piece,
    count: { received: number },
    writer: PartialWriter,
    meter: Meter | undefined,
    reservation: Reservation,
  ): Promise<{ error: unknown } | undefined> {
    try {
      for await (const chunk of interruptible(bytes, turn.signal)) {
        turn.assertMine()
        assertFits(turn.resumable, count.received + chunk.byteLength)
        const received = count.received + chunk.byteLength
        if (received > reservation.bytes) await reservation.extend(received)
        count.received = received
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

  async function pause(turn: Turn, writer: PartialWriter, meter: Meter | undefined): Promise<void> {
    try {
      const partial = await writer.pause()
      turn.keep({ ...progressOf(turn, partial), reserved: turn.resumable.length ?? partial.size })
      turn.assertMine()
      meters.give(turn.resumable, meter)
    } catch (error) {
      meter?.drop()
      throw error
    }
  }

  /** The blob is whole. */
  async function finish(turn: Turn, meter: Meter | undefined, { parts, sender }: Piece): Promise<void> {
    const { length, fileId, sha256 } = turn.resumable
    const key = keyOf(turn.resumable)
    turn.keep({ received: length as number })
    if (fileId === null) return turn.keep({ status: 'finished' })
    const came = meter ? { blobKey: key, ...(await meter.result()), image: null } : await measureBlob(blobs, key)
    if (sha256 !== null && sha256 !== came.sha256)
      throw new AppError('bad_request', 'the bytes do not have the digest that was announced')
    const done: Progress = { status: 'finished', blobKey: null }
    const settle = async (trx: Trx) => {
      await turn.settle(trx, done)
      await parts?.end(trx)
    }
    const replaces = [turn.resumable.id, ...(parts?.ids ?? [])]
    const file = await intake.adopt(fileId, came, { replaces, settle }, sender)
    turn.keep(done)
    await turn.end()
    if (file.blobKey !== key) await intake.discard(key) // a picture as it came
  }

  const progressOf = ({ resumable }: Turn, { size, notes }: PartialBlob): Progress => ({
    received: size,
    notes,
    expiresAt: Math.min(clock() + config.resumeWindowMs, resumable.createdAt + MAX_WINDOWS * config.resumeWindowMs),
  })

  return { receive, complete }
}

/** It has one until it is finished. */
const keyOf = ({ blobKey }: Resumable): BlobKey => blobKey as BlobKey

const partialOf = ({ received, notes }: Resumable): PartialBlob | undefined =>
  notes === null ? undefined : { size: received, notes }

function lengthOf({ offset, size, length, isLast }: Piece): number | undefined {
  return length ?? (isLast && size !== undefined ? offset + size : undefined)
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
