import type { BlobStore } from '../../storage/blob-store.ts'
import type { Caller } from '../accounts/caller.ts'
import { hashToken } from '../accounts/secrets.ts'
import type { Config } from '../config/config.ts'
import type { Trx } from '../database/transact.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { newBlobKey, newToken } from '../lib/ids.ts'
import type { Sender } from '../lib/sender.ts'
import type { Quotas } from '../uploads/intake/quotas.ts'
import { copied } from '../uploads/stored-bytes.ts'
import type { StoredFile } from '../uploads/upload.ts'
import type { Slot, Slots, Wish } from './reservations.ts'
import { isComplete, type Piece, type Resumable } from './resumable.ts'
import type { ResumablesRepo } from './resumables-repo.ts'
import type { Endings } from './termination.ts'
import { type Turn, type Turns, unknownUpload } from './upload-locks.ts'
import type { Receiver } from './writer.ts'

interface Dependencies {
  repo: ResumablesRepo
  turns: Turns
  slots: Slots
  quotas: Pick<Quotas, 'assertRoom'>
  receiver: Receiver
  endings: Endings
  findFile: (id: string) => Promise<StoredFile | undefined>
  blobs: BlobStore
  clock: Clock
  config: Pick<Config, 'resumeWindowMs'>
}

/** What the client says of it that is not ours to understand. */
export type Remarks = Partial<Pick<Resumable, 'metadata' | 'concat' | 'sha256'>>

export interface Created {
  /** What its URL ends with; known only now. */
  secret: string
  resumable: Resumable
  /** Absent: it is a part. */
  slot: Slot | undefined
}

/** On a full disk what is unfinished does not wait for as long as elsewhere. */
const FULL_DISK_WINDOW_MS = 10 * 60_000
/** More parts than any client makes. */
const MAX_PARTS = 1000

export type Resumables = ReturnType<typeof createResumables>

/** Resumable uploads, independent of the protocol. */
export function createResumables({
  repo,
  turns,
  slots,
  quotas,
  receiver,
  endings,
  findFile,
  blobs,
  clock,
  config,
}: Dependencies) {
  /** Throws as `Slots.take`; `insufficient_storage`. */
  async function create(wish: Wish, caller: Caller, remarks: Remarks = {}): Promise<Created> {
    const { slot, limit, budget, admission } = await slots.take(wish, caller)
    const { length = null, partIds = [] } = wish
    const secret = newToken()
    const now = clock()
    const reserved = partIds.length > 0 ? 0 : (length ?? 0) // parts keep what they have reserved until they are joined
    const resumable: Resumable = {
      metadata: '',
      concat: '',
      sha256: null,
      ...remarks,
      id: hashToken(secret),
      status: 'open',
      uploadId: slot?.upload.id ?? null,
      fileId: slot?.file.id ?? null,
      ownsUpload: slot?.uploadToken !== undefined,
      blobKey: newBlobKey(),
      length,
      maxLength: Number.isFinite(limit) ? limit : null,
      received: 0,
      notes: null,
      createdAt: now,
      expiresAt: now + config.resumeWindowMs,
      isTorn: false,
      requestId: admission?.requestId ?? null,
      userId: budget.userId,
      reserved,
    }
    const assertRoom = (trx: Trx) => quotas.assertRoom(trx, budget, reserved, partIds)
    try {
      return { secret, resumable: await repo.insert(resumable, assertRoom, admission), slot }
    } catch (error) {
      if (slot) await slots.giveBack(slot)
      throw error
    }
  }

  /**
   * Makes one file of finished parts, which go. It takes reading and writing all of their bytes: a file is one blob. Meanwhile
   * nobody else can use the parts, and they are deleted by the transaction that makes the file, so that they become one file
   * only. Throws as `create`; `not_found`; `locked`: they are being joined already; `conflict`: a part is not finished;
   * `bad_request`: too many, or one of them twice.
   */
  async function join(
    secrets: readonly string[],
    wish: Omit<Wish, 'length'>,
    caller: Caller,
    remarks: Remarks,
    sender: Sender,
  ): Promise<Created> {
    if (secrets.length > MAX_PARTS) throw new AppError('bad_request', `too many parts, maximum is ${MAX_PARTS}`)
    if (new Set(secrets).size < secrets.length) throw new AppError('bad_request', 'each part can be joined only once')
    for (const secret of secrets) assertIsPart(await find(secret)) // before anybody is kept waiting
    const ids = secrets.map(hashToken)
    return holding(ids, async (held) => {
      const parts = ids.map((id) => held.get(id) as Turn)
      const joined = await joinHeld(parts, wish, caller, remarks, sender)
      for (const part of parts) await endings.deleteWithBytes(part)
      return joined
    })
  }

  /** Takes the turns one after the other, always in the same order, so that two who want the same ones do not wait for each other. */
  async function holding<T>(ids: readonly string[], work: (held: ReadonlyMap<string, Turn>) => Promise<T>): Promise<T> {
    const held = new Map<string, Turn>()
    const takeFrom = (waiting: readonly string[]): Promise<T> => {
      const [id, ...rest] = waiting
      if (id === undefined) return work(held)
      return turns.take(id, (turn) => {
        held.set(id, turn)
        return takeFrom(rest)
      })
    }
    return takeFrom(ids.toSorted())
  }

  async function joinHeld(
    turnsOfParts: Turn[],
    wish: Omit<Wish, 'length'>,
    caller: Caller,
    remarks: Remarks,
    sender: Sender,
  ): Promise<Created> {
    const parts = turnsOfParts.map(({ resumable }) => resumable)
    for (const part of parts) assertIsPart(part)
    const partIds = parts.map(({ id }) => id)
    const length = parts.reduce((sum, { received }) => sum + received, 0)
    const end = async (trx: Trx) => {
      for (const part of turnsOfParts) await part.settle(trx, { expiresAt: 0 })
    }
    const created = await create({ ...wish, length, partIds }, caller, remarks)
    const piece = { offset: 0, bytes: bytesOf(parts), size: length, sender, parts: { ids: partIds, end } }
    const resumable = await append(created.secret, piece).catch(async (error: unknown) => {
      await abort(created.secret).catch(() => {}) // what went wrong first says more
      throw error
    })
    return { ...created, resumable }
  }

  function assertIsPart({ fileId, status, expiresAt }: Resumable): void {
    if (expiresAt <= clock()) throw unknownUpload()
    if (fileId !== null || status !== 'finished') throw new AppError('conflict', 'only finished parts can be joined')
  }

  async function* bytesOf(parts: readonly Resumable[]): AsyncGenerator<Uint8Array> {
    for (const { blobKey, received } of parts) {
      if (blobKey !== null && received > 0) yield* copied(await blobs.get(blobKey))
    }
  }

  /**
   * How far it has come. The client that asks is about to resume, so the writer before it is displaced first, and the answer
   * holds. Ends what only lacks its end. Throws `not_found`, `locked`, and what finishing throws.
   */
  async function inspect(secret: string, sender: Sender): Promise<Resumable> {
    return inTurn(secret, (turn) => receiver.complete(turn, sender))
  }

  /**
   * Takes more bytes, and makes the file of them once all are there. When the connection breaks, the received bytes are kept.
   * Throws `not_found`; `locked`; `conflict`: it has come to another offset, or its length is another; `too_large`: also more
   * bytes than announced; `insufficient_storage`; what `bytes` throws.
   */
  async function append(secret: string, piece: Piece): Promise<Resumable> {
    return inTurn(secret, (turn) => receiver.receive(turn, piece))
  }

  /** `work` sees a finished one, too: another request may have finished it while this one waited. */
  async function inTurn(secret: string, work: (turn: Turn) => Promise<void>): Promise<Resumable> {
    const { id } = await find(secret)
    return turns.take(id, async (turn) => {
      await work(turn).catch((error: unknown) => giveUp(turn, error))
      return turn.resumable
    })
  }

  /** As it is stored; a writer is not interrupted. Throws `not_found`. */
  async function find(secret: string): Promise<Resumable> {
    const found = await repo.find(hashToken(secret))
    if (!found || (await repo.isOver(found.id, clock()))) throw unknownUpload()
    return found
  }

  /** What it has become; undefined until it is finished. */
  async function fileOf({ status, fileId }: Resumable): Promise<StoredFile | undefined> {
    return status === 'finished' && fileId !== null ? findFile(fileId) : undefined
  }

  /**
   * What has ended leaves nothing. What has all its bytes and still can't become a file will never be one. What fills the disk must
   * not keep it full.
   */
  async function giveUp(turn: Turn, error: unknown): Promise<never> {
    const { status } = turn.resumable
    const isHopeless = error instanceof AppError && ['not_found', 'bad_request', 'too_large'].includes(error.code)
    const hasEnded = isNotFound(turn.signal.reason)
    if (hasEnded || (isHopeless && status === 'open' && isComplete(turn.resumable))) await endings.destroy(turn)
    if (error instanceof AppError && error.code === 'insufficient_storage')
      turn.keep({ expiresAt: clock() + FULL_DISK_WINDOW_MS })
    throw error
  }

  /** Deletes it with what was received, or the file that it has become. Throws `not_found`; `forbidden`: the finished file of a guest. */
  async function remove(secret: string): Promise<void> {
    const { id } = await find(secret)
    const end = (turn: Turn) => (isFile(turn.resumable) ? endings.removeFile(turn) : endings.destroy(turn))
    await turns.take(id, end, unknownUpload()).catch((error: unknown) => {
      if (!isNotFound(error)) throw error // else the writer has deleted it
    })
  }

  /** As `remove`, for who can't know whether it was finished meanwhile: then nothing happens. */
  async function abort(secret: string): Promise<void> {
    const { id } = await find(secret)
    await turns.take(id, async (turn) => {
      if (!isFile(turn.resumable)) await endings.destroy(turn)
    })
  }

  return { create, join, find, inspect, append, fileOf, remove, abort }
}

const isFile = ({ status, fileId }: Resumable): boolean => status === 'finished' && fileId !== null

const isNotFound = (error: unknown): boolean => error instanceof AppError && error.code === 'not_found'
