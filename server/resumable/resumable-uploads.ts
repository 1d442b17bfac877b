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

/** What the client says of it that is not ours to understand. */
export type ClientFields = Partial<Pick<ResumableUpload, 'metadata' | 'concat' | 'sha256'>>

export interface CreatedUpload {
  /** What its URL ends with; known only now. */
  secret: string
  resumable: ResumableUpload
  /** Absent: it is a part. */
  reservedFile: ReservedFile | undefined
}

/** On a full disk what is unfinished does not wait for as long as elsewhere. */
const FULL_DISK_WINDOW_MS = 10 * 60_000
/** More parts than any client makes. */
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
  /** Throws as `Reservations.reserve`; `insufficient_storage`. */
  async function create(
    options: CreationOptions,
    caller: Caller,
    clientFields: ClientFields = {},
  ): Promise<CreatedUpload> {
    const { reservedFile, limit, budget, guestQuota } = await reservations.reserve(options, caller)
    const { size = null, partIds = [] } = options
    const secret = newToken()
    const now = clock()
    const reserved = partIds.length > 0 ? 0 : (size ?? 0) // parts keep what they have reserved until they are joined
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
   * Makes one file of finished parts, which go. It takes reading and writing all of their bytes: a file is one blob. Meanwhile
   * nobody else can use the parts, and they are deleted by the transaction that makes the file, so that they become one file
   * only. Throws as `create`; `not_found`; `locked`: they are being joined already; `conflict`: a part is not finished;
   * `bad_request`: too many, or one of them twice.
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
    for (const secret of secrets) assertIsPart(await find(secret)) // before anybody is kept waiting
    const ids = secrets.map(hashToken)
    return holding(ids, async (held) => {
      const parts = ids.map((id) => held.get(id) as UploadLock)
      const joined = await joinHeld(parts, options, caller, clientFields, sender)
      for (const part of parts) await termination.deleteWithBytes(part)
      return joined
    })
  }

  /** Takes the locks one after the other, always in the same order, so that two who want the same ones do not wait for each other. */
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
      await abort(created.secret).catch(() => {}) // what went wrong first says more
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
   * How far it has come. The client that asks is about to resume, so an earlier writer is asked to release the lock first, and the answer
   * holds. Ends what only lacks its end. Throws `not_found`, `locked`, and what finishing throws.
   */
  async function inspect(secret: string, sender: Sender): Promise<ResumableUpload> {
    return inTurn(secret, (lock) => uploadWriter.complete(lock, sender))
  }

  /**
   * Takes more bytes, and makes the file of them once all are there. When the connection breaks, the received bytes are kept.
   * Throws `not_found`; `locked`; `conflict`: its offset or size is another; `too_large`: also more
   * bytes than announced; `insufficient_storage`; what `bytes` throws.
   */
  async function append(secret: string, chunk: Chunk): Promise<ResumableUpload> {
    return inTurn(secret, (lock) => uploadWriter.receive(lock, chunk))
  }

  /** `work` sees a finished one, too: another request may have finished it while this one waited. */
  async function inTurn(secret: string, work: (lock: UploadLock) => Promise<void>): Promise<ResumableUpload> {
    const { id } = await find(secret)
    return locks.withLock(id, async (lock) => {
      await work(lock).catch((error: unknown) => giveUp(lock, error))
      return lock.resumable
    })
  }

  /** As it is stored; a writer is not interrupted. Throws `not_found`. */
  async function find(secret: string): Promise<ResumableUpload> {
    const found = await repo.find(hashToken(secret))
    if (!found || (await repo.isOver(found.id, clock()))) throw unknownUpload()
    return found
  }

  /** What it has become; undefined until it is finished. */
  async function fileOf({ status, fileId }: ResumableUpload): Promise<StoredFile | undefined> {
    return status === 'finished' && fileId !== null ? findFile(fileId) : undefined
  }

  /**
   * What has ended leaves nothing. What has all its bytes and still can't become a file will never be one. What fills the disk must
   * not keep it full.
   */
  async function giveUp(lock: UploadLock, error: unknown): Promise<never> {
    const { status } = lock.resumable
    const isHopeless = ['not_found', 'bad_request', 'too_large'].includes(kindOf(error) ?? '')
    const hasEnded = isNotFound(lock.signal.reason)
    if (hasEnded || (isHopeless && status === 'open' && isComplete(lock.resumable))) await termination.terminate(lock)
    if (kindOf(error) === 'insufficient_storage') lock.update({ expiresAt: clock() + FULL_DISK_WINDOW_MS })
    throw error
  }

  /** Deletes it with what was received, or the file that it has become. Throws `not_found`; `forbidden`: the finished file of a guest. */
  async function remove(secret: string): Promise<void> {
    const { id } = await find(secret)
    const end = (lock: UploadLock) =>
      isFile(lock.resumable) ? termination.removeFile(lock) : termination.terminate(lock)
    await locks.withLock(id, end, unknownUpload()).catch((error: unknown) => {
      if (!isNotFound(error)) throw error // else the writer has deleted it
    })
  }

  /** As `remove`, for who can't know whether it was finished meanwhile: then nothing happens. */
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
