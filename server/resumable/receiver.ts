import type { BlobKey, BlobStore, PartialBlob, PartialWriter } from '../../storage/blob-store.ts'
import { interruptible } from '../../storage/interruptible.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { newBlobKey } from '../ids.ts'
import type { Sender } from '../sender.ts'
import { type Meter, tooLarge } from '../uploads/file-intake.ts'
import type { AssertFreeSpace } from '../uploads/free-space.ts'
import { measureBlob } from '../uploads/stored-bytes.ts'
import type { UploadsIntake } from '../uploads/uploads-intake.ts'
import type { Meters } from './meters.ts'
import { isComplete, type Piece, type Resumable } from './resumable.ts'
import type { Progress } from './resumables-repo.ts'
import type { Turn } from './turns.ts'

interface Dependencies {
  blobs: BlobStore
  meters: Meters
  intake: UploadsIntake
  assertFreeSpace: AssertFreeSpace
  clock: Clock
  config: Pick<Config, 'resumeWindowMs'>
}

export type Receiver = ReturnType<typeof createReceiver>

/** What happens in one turn: bytes are added to the unfinished blob, and once all are there it becomes a file. */
export function createReceiver({ blobs, meters, intake, assertFreeSpace, clock, config }: Dependencies) {
  /** Throws as `Resumables.append`, after what came was kept. */
  async function receive(turn: Turn, piece: Piece): Promise<void> {
    assertContinues(turn.resumable, piece)
    if (turn.resumable.status === 'finished') return assertNothingMore(turn.resumable, piece)
    const length = lengthOf(piece)
    if (length !== undefined) turn.keep({ length })
    assertFits(turn.resumable, piece.offset + (piece.size ?? 0))
    await assertFreeSpace()
    const writer = await open(turn)
    if (!writer) return finish(turn, undefined, piece.sender)
    const meter = meters.take(turn.resumable)
    if (!piece.check) turn.reports(async () => progressOf(await writer.checkpoint()))
    const count = { received: piece.offset }
    const failure = await take(turn, piece, count, writer, meter)
    turn.reports(undefined)
    if (failure && piece.check) return reject(writer, meter, failure.error)
    if (!failure && piece.isLast && turn.resumable.length === null) turn.keep({ length: count.received })
    if (count.received === turn.resumable.length) {
      await writer.finish()
      return finish(turn, meter, piece.sender)
    }
    await pause(turn, writer, meter).catch((error: unknown) => {
      throw failure ? failure.error : error
    })
    if (failure) throw failure.error
  }

  /** Nothing of it is noted, so the next piece is written over what came. */
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
      throw new AppError('conflict', `the upload goes on at byte ${received}, not at ${piece.offset}`)
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

  /** A process that was frozen goes on where it stood: from now on with something that nobody looks at. */
  async function seize(turn: Turn): Promise<void> {
    const [key, from] = [keyOf(turn.resumable), partialOf(turn.resumable)]
    const seized = await blobs.seizePartial(key, from, newBlobKey())
    turn.keep({ blobKey: seized.key, notes: seized.from?.notes ?? null, isTorn: false })
    await turn.save()
    if (seized.key !== key) await blobs.deletePartial(key, from)
  }

  const isWhole = async (resumable: Resumable): Promise<boolean> =>
    (await blobs.size(keyOf(resumable))) === resumable.length

  /** Returns why it broke off. */
  async function take(
    turn: Turn,
    { bytes, check }: Piece,
    count: { received: number },
    writer: PartialWriter,
    meter: Meter | undefined,
  ): Promise<{ error: unknown } | undefined> {
    try {
      for await (const chunk of interruptible(bytes, turn.signal)) {
        turn.assertMine()
        assertFits(turn.resumable, count.received + chunk.byteLength)
        count.received += chunk.byteLength
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
      turn.keep(progressOf(await writer.pause()))
      turn.assertMine()
      meters.give(turn.resumable, meter)
    } catch (error) {
      meter?.drop()
      throw error
    }
  }

  /** The blob is whole. */
  async function finish(turn: Turn, meter: Meter | undefined, sender: Sender | undefined): Promise<void> {
    const { length, fileId, sha256 } = turn.resumable
    const key = keyOf(turn.resumable)
    turn.keep({ received: length as number })
    if (fileId === null) return turn.keep({ status: 'finished' })
    const came = meter ? { blobKey: key, ...(await meter.result()), image: null } : await measureBlob(blobs, key)
    if (sha256 !== null && sha256 !== came.sha256)
      throw new AppError('bad_request', 'the bytes do not have the digest that was announced')
    const done: Progress = { status: 'finished', blobKey: null }
    const file = await intake.adopt(fileId, came, (trx) => turn.settle(trx, done), sender)
    turn.keep(done)
    await turn.end()
    if (file.blobKey !== key) await intake.discard(key) // a picture as it came
  }

  const progressOf = ({ size, notes }: PartialBlob): Progress => ({
    received: size,
    notes,
    expiresAt: clock() + config.resumeWindowMs,
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
