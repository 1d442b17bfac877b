import type { BlobStore } from '../../storage/blob-store.ts'
import type { Caller } from '../accounts/caller.ts'
import { hashToken } from '../accounts/secrets.ts'
import type { Config } from '../config/config.ts'
import type { Trx } from '../database/transact.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError, kindOf } from '../lib/errors.ts'
import { newBlobKey, newToken } from '../lib/ids.ts'
import type { Sender } from '../lib/sender.ts'
import type { Quotas } from '../uploads/intake/quotas.ts'
import { copied } from '../uploads/stored-bytes.ts'
import type { StoredFile } from '../uploads/upload.ts'
import type { CreationOptions, Reservations, ReservedFile } from './reservations.ts'
import { type Chunk, isComplete, type ResumableUpload } from './resumable-upload.ts'
import type { ResumableUploadsRepo } from './resumable-uploads-repo.ts'
import type { Termination } from './termination.ts'
import { type UploadLock, type UploadLocks, unknownUpload } from './upload-locks.ts'
import type { UploadWriter } from './writer.ts'

interface Dependencies {
  repo: ResumableUploadsRepo
  locks: UploadLocks
  reservations: Reservations
  quotas: Pick<Quotas, 'assertRoom'>
  uploadWriter: UploadWriter
  termination: Termination
  findFile: (id: string) => Promise<StoredFile | undefined>
  blobs: BlobStore
  clock: Clock
  config: Pick<Config, 'resumeWindowMs'>
}

/** Client data that the server only stores or compares. */
export type ClientFields = Partial<Pick<ResumableUpload, 'metadata' | 'concat' | 'sha256'>>

export interface CreatedUpload {
  /** The last part of its URL; known only now, because the database stores its hash. */
  secret: string
  resumable: ResumableUpload
  /** Undefined for a part. */
  reservedFile: ReservedFile | undefined
}

/** On a full disk, unfinished uploads expire sooner. */
const FULL_DISK_WINDOW_MS = 10 * 60_000
/** More parts than real clients create. */
const MAX_PARTS = 1000

export type ResumableUploads = ReturnType<typeof createResumableUploads>

/** Resumable uploads, independent of the protocol. */
export function createResumableUploads({
  repo,
  locks,
  reservations,
  quotas,
  uploadWriter,
  termination,
  findFile,
  blobs,
  clock,
  config,
}: Dependencies) {
  /** Throws like `Reservations.reserve`; `insufficient_storage`. */
  async function create(
    options: CreationOptions,
    caller: Caller,
    clientFields: ClientFields = {},
  ): Promise<CreatedUpload> {
    const { reservedFile, limit, budget, guestQuota } = await reservations.reserve(options, caller)
    const { size = null, partIds = [] } = options
    const secret = newToken()
    const now = clock()
    const reserved = partIds.length > 0 ? 0 : (size ?? 0) // parts keep their reservations until they are joined
    const resumable: ResumableUpload = {
      metadata: '',
      concat: '',
      sha256: null,
      ...clientFields,
      id: hashToken(secret),
      status: 'open',
      uploadId: reservedFile?.upload.id ?? null,
      fileId: reservedFile?.file.id ?? null,
      ownsUpload: reservedFile?.uploadToken !== undefined,
      blobKey: newBlobKey(),
      size,
      maxSize: Number.isFinite(limit) ? limit : null,
      offset: 0,
      notes: null,
      createdAt: now,
      expiresAt: now + config.resumeWindowMs,
      isTorn: false,
      requestId: guestQuota?.requestId ?? null,
      userId: budget.userId,
      reserved,
    }
    const assertRoom = (trx: Trx) => quotas.assertRoom(trx, budget, reserved, partIds)
    try {
      return { secret, resumable: await repo.insert(resumable, assertRoom, guestQuota), reservedFile }
    } catch (error) {
      if (reservedFile) await reservations.release(reservedFile)
      throw error
    }
  }

  /**
   * Joins finished parts to one file, by reading and writing all of their bytes, since a file is one blob. Meanwhile no
   * other request can use the parts, and the transaction that creates the file deletes them, so each part becomes one
   * file only. Throws like `create`; `not_found`; `locked`: they are being joined already; `conflict`: a part is not
   * finished; `bad_request`: too many parts, or a repeated one.
   */
  async function join(
    secrets: readonly string[],
    options: Omit<CreationOptions, 'size'>,
    caller: Caller,
    clientFields: ClientFields,
    sender: Sender,
  ): Promise<CreatedUpload> {
    if (secrets.length > MAX_PARTS) throw new AppError('too_many_parts_to_join', { max: MAX_PARTS })
    if (new Set(secrets).size < secrets.length) throw new AppError('part_joined_twice')
    for (const secret of secrets) assertIsPart(await find(secret)) // fail early, before waiting for locks
    const ids = secrets.map(hashToken)
    return holding(ids, async (held) => {
      const parts = ids.map((id) => held.get(id) as UploadLock)
      const joined = await joinHeld(parts, options, caller, clientFields, sender)
      for (const part of parts) await termination.deleteWithBytes(part)
      return joined
    })
  }

  /** Acquires the locks one by one in a fixed order, so that two requests for the same locks can't deadlock. */
  async function holding<T>(
    ids: readonly string[],
    work: (held: ReadonlyMap<string, UploadLock>) => Promise<T>,
  ): Promise<T> {
    const held = new Map<string, UploadLock>()
    const takeFrom = (waiting: readonly string[]): Promise<T> => {
      const [id, ...rest] = waiting
      if (id === undefined) return work(held)
      return locks.withLock(id, (lock) => {
        held.set(id, lock)
        return takeFrom(rest)
      })
    }
    return takeFrom(ids.toSorted())
  }

  async function joinHeld(
    locksOfParts: UploadLock[],
    options: Omit<CreationOptions, 'size'>,
    caller: Caller,
    clientFields: ClientFields,
    sender: Sender,
  ): Promise<CreatedUpload> {
    const parts = locksOfParts.map(({ resumable }) => resumable)
    for (const part of parts) assertIsPart(part)
    const partIds = parts.map(({ id }) => id)
    const size = parts.reduce((sum, { offset }) => sum + offset, 0)
    const end = async (trx: Trx) => {
      for (const part of locksOfParts) await part.commit(trx, { expiresAt: 0 })
    }
    const created = await create({ ...options, size, partIds }, caller, clientFields)
    const chunk = { offset: 0, bytes: bytesOf(parts), size, sender, parts: { ids: partIds, end } }
    const resumable = await append(created.secret, chunk).catch(async (error: unknown) => {
      await abort(created.secret).catch(() => {}) // the first error is the more useful one
      throw error
    })
    return { ...created, resumable }
  }

  function assertIsPart({ fileId, status, expiresAt }: ResumableUpload): void {
    if (expiresAt <= clock()) throw unknownUpload()
    if (fileId !== null || status !== 'finished') throw new AppError('part_not_finished')
  }

  async function* bytesOf(parts: readonly ResumableUpload[]): AsyncGenerator<Uint8Array> {
    for (const { blobKey, offset } of parts) {
      if (blobKey !== null && offset > 0) yield* copied(await blobs.get(blobKey))
    }
  }

  /**
   * Returns the current state. The client that asks is about to resume, so an earlier writer is asked to release the lock
   * first, and the returned offset stays valid. If all bytes were received but the file was not finished, finishes it.
   * Throws `not_found`, `locked`, and what finishing throws.
   */
  async function inspect(secret: string, sender: Sender): Promise<ResumableUpload> {
    return inTurn(secret, (lock) => uploadWriter.complete(lock, sender))
  }

  /**
   * Appends bytes, and makes the file once all were received. If the connection breaks, the received bytes are kept.
   * Throws `not_found`; `locked`; `conflict`: wrong offset or size; `too_large`: also more bytes than announced;
   * `insufficient_storage`; what `bytes` throws.
   */
  async function append(secret: string, chunk: Chunk): Promise<ResumableUpload> {
    return inTurn(secret, (lock) => uploadWriter.receive(lock, chunk))
  }

  /** `work` also runs for a finished upload: another request may have finished it while this one waited. */
  async function inTurn(secret: string, work: (lock: UploadLock) => Promise<void>): Promise<ResumableUpload> {
    const { id } = await find(secret)
    return locks.withLock(id, async (lock) => {
      await work(lock).catch((error: unknown) => discardIfFinal(lock, error))
      return lock.resumable
    })
  }

  /** Returns the stored state without interrupting a writer. Throws `not_found`. */
  async function find(secret: string): Promise<ResumableUpload> {
    const found = await repo.find(hashToken(secret))
    if (!found || (await repo.isOver(found.id, clock()))) throw unknownUpload()
    return found
  }

  /** Returns the finished file; undefined until it is finished. */
  async function fileOf({ status, fileId }: ResumableUpload): Promise<StoredFile | undefined> {
    return status === 'finished' && fileId !== null ? findFile(fileId) : undefined
  }

  /**
   * Deletes the upload if it can't be resumed: it has expired or was removed, all its bytes are there and still it can't
   * become a file, or it fills the disk.
   */
  async function discardIfFinal(lock: UploadLock, error: unknown): Promise<never> {
    const { status } = lock.resumable
    const isHopeless = ['not_found', 'bad_request', 'too_large'].includes(kindOf(error) ?? '')
    const hasEnded = isNotFound(lock.signal.reason)
    if (hasEnded || (isHopeless && status === 'open' && isComplete(lock.resumable))) await termination.terminate(lock)
    if (kindOf(error) === 'insufficient_storage') lock.update({ expiresAt: clock() + FULL_DISK_WINDOW_MS })
    throw error
  }

  /**
   * Deletes the upload with its received bytes, or the finished file. Throws `not_found`; `forbidden`: the finished file
   * of a guest.
   */
  async function remove(secret: string): Promise<void> {
    const { id } = await find(secret)
    const end = (lock: UploadLock) =>
      isFile(lock.resumable) ? termination.removeFile(lock) : termination.terminate(lock)
    await locks.withLock(id, end, unknownUpload()).catch((error: unknown) => {
      if (!isNotFound(error)) throw error // the writer has already deleted it
    })
  }

  /** Like `remove`, but a finished upload is kept. For callers that can't know whether it was finished meanwhile. */
  async function abort(secret: string): Promise<void> {
    const { id } = await find(secret)
    await locks.withLock(id, async (lock) => {
      if (!isFile(lock.resumable)) await termination.terminate(lock)
    })
  }

  return { create, join, find, inspect, append, fileOf, remove, abort }
}

const isFile = ({ status, fileId }: ResumableUpload): boolean => status === 'finished' && fileId !== null

const isNotFound = (error: unknown): boolean => kindOf(error) === 'not_found'
