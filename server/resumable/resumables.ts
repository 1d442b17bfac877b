import type { FastifyBaseLogger } from 'fastify'
import type { BlobStore } from '../../storage/blob-store.ts'
import type { Caller } from '../accounts/caller.ts'
import { hashToken } from '../accounts/secrets.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { newBlobKey, newToken } from '../ids.ts'
import { tooLarge } from '../uploads/file-intake.ts'
import type { Quotas } from '../uploads/quotas.ts'
import type { StoredFile, Upload } from '../uploads/upload.ts'
import type { UploadOptions } from '../uploads/upload-rules.ts'
import type { OpenUpload, Uploads } from '../uploads/uploads.ts'
import type { UploadsIntake } from '../uploads/uploads-intake.ts'
import type { Receiver } from './receiver.ts'
import { isComplete, type Piece, type Resumable } from './resumable.ts'
import type { ResumablesRepo } from './resumables-repo.ts'
import type { Turn, Turns } from './turns.ts'

interface Dependencies {
  repo: ResumablesRepo
  turns: Turns
  receiver: Receiver
  uploads: Uploads
  intake: UploadsIntake
  quotas: Quotas
  blobs: BlobStore
  clock: Clock
  config: Pick<Config, 'resumeWindowMs'>
  log: Pick<FastifyBaseLogger, 'error'>
}

/** What a client wants to send. */
export interface Wish {
  /** Bytes; absent: not known yet. */
  length: number | undefined
  name: string
  /** As the client spells it; shown to it again. */
  metadata: string
  target: ExistingUpload | NewUploadWish
}

/** A file of an upload that exists, or, without `fileId`, one more. */
interface ExistingUpload {
  uploadId: string
  fileId: string | undefined
}

/** An upload of its own. */
interface NewUploadWish {
  options: UploadOptions
}

export interface Created {
  /** What its URL ends with; known only now. */
  secret: string
  resumable: Resumable
  upload: Upload
  file: StoredFile
  /** Of an upload that was made for it: the token, known only now. */
  uploadToken: string | undefined
}

const BATCH = 100

export type Resumables = ReturnType<typeof createResumables>

/** Uploads that go on where they broke off, in no protocol's words. */
export function createResumables(dependencies: Dependencies) {
  const { repo, turns, receiver, uploads, intake, quotas, blobs, clock, config, log } = dependencies

  /** Throws as `Uploads.open`, `Uploads.create` and `UploadsIntake.reserve`; `too_large`. */
  async function create(wish: Wish, caller: Caller): Promise<Created> {
    const { target, length = null } = wish
    const { upload, file, uploadToken, limit } =
      'uploadId' in target ? await slotIn(target, wish, caller) : await slotInNew(target, wish, caller)
    const secret = newToken()
    const now = clock()
    const resumable: Resumable = {
      id: hashToken(secret),
      status: 'open',
      uploadId: upload.id,
      fileId: file.id,
      ownsUpload: uploadToken !== undefined,
      blobKey: newBlobKey(),
      length,
      maxLength: Number.isFinite(limit) ? limit : null,
      received: 0,
      notes: null,
      metadata: wish.metadata,
      createdAt: now,
      expiresAt: now + config.resumeWindowMs,
    }
    await repo.insert(resumable)
    return { secret, resumable, upload, file, uploadToken }
  }

  async function slotIn({ uploadId, fileId }: ExistingUpload, wish: Wish, caller: Caller) {
    const opened = await uploads.open(uploadId, caller)
    const declared = fileId === undefined ? undefined : await uploads.getFile(opened, fileId, wish.name)
    if (declared?.status === 'uploading') await forget(opened, declared)
    return { ...(await reserve(opened, wish, declared)), uploadToken: undefined }
  }

  async function reserve(opened: OpenUpload, { name, length = 0 }: Wish, declared: StoredFile | undefined) {
    intake.assertMayAddFiles(opened)
    const limit = await quotas.limitOf(opened.upload)
    if (length > limit) throw tooLarge(limit)
    return { upload: opened.upload, file: await intake.reserve(opened, name, declared), limit }
  }

  /** Whoever creates the same file again never got the answer, or lost the URL: he begins anew. */
  async function forget(opened: OpenUpload, file: StoredFile): Promise<void> {
    intake.assertMayAddFiles(opened)
    const earlier = await repo.findByFile(file.id)
    if (!earlier || earlier.status === 'finished') return
    const isForgotten = await turns.take(earlier.id, deleteWithBytes)
    if (isForgotten) await intake.reopen(file)
  }

  async function slotInNew({ options }: NewUploadWish, wish: Wish, caller: Caller) {
    const { upload, token } = await uploads.create(options, caller)
    try {
      const opened = { upload, isAdmin: true, holdsToken: true }
      return { ...(await reserve(opened, wish, undefined)), uploadToken: token }
    } catch (error) {
      await uploads.withdraw(upload.id)
      throw error
    }
  }

  /**
   * How far it has come. Whoever asks is about to go on: who was writing is displaced first, so that the answer holds. Ends what only
   * lacks its end. Throws `not_found`, `locked`, and what finishing throws.
   */
  async function inspect(secret: string): Promise<Resumable> {
    return inTurn(secret, receiver.complete)
  }

  /**
   * Takes more bytes, and makes the file of them once all are there. When the bytes break off, what came is kept. Throws
   * `not_found`; `locked`; `conflict`: it has come to another offset, or its length is another; `too_large`: also more
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

  async function find(secret: string): Promise<Resumable> {
    const found = await repo.find(hashToken(secret))
    if (!found || found.expiresAt <= clock()) throw new AppError('not_found', 'there is no such unfinished upload')
    return found
  }

  /** What has all its bytes and still can't become a file will never be one. */
  async function giveUp(turn: Turn, error: unknown): Promise<never> {
    const isHopeless = error instanceof AppError && ['not_found', 'bad_request', 'too_large'].includes(error.code)
    if (isHopeless && isComplete(turn.resumable)) await destroy(turn)
    throw error
  }

  /** Takes it away with what came. Throws `not_found`; `forbidden`: it is finished. */
  async function remove(secret: string): Promise<void> {
    const { id } = await find(secret)
    await turns.take(id, async (turn) => {
      if (turn.resumable.status === 'finished')
        throw new AppError('forbidden', 'the upload is finished, and can be removed with the upload token only')
      await destroy(turn)
    })
  }

  async function destroy(turn: Turn): Promise<void> {
    const { fileId, uploadId, ownsUpload } = turn.resumable
    if (!(await deleteWithBytes(turn))) return
    const isBurnt = fileId !== null && (await intake.burn({ id: fileId }))
    if (isBurnt && ownsUpload && uploadId !== null) await uploads.withdraw(uploadId)
  }

  /** False: it was somebody else's turn. A blob that became a file in a turn that did not live to say so is left alone. */
  async function deleteWithBytes(turn: Turn): Promise<boolean> {
    const { blobKey, received, notes } = turn.resumable
    if (!(await turn.delete())) return false
    if (blobKey === null) return true
    if (notes !== null) await blobs.deletePartial(blobKey, { size: received, notes })
    await intake.discard(blobKey)
    return true
  }

  /** Takes away what was not finished in time. Safe to run twice, at once, on several replicas. */
  async function sweep(): Promise<{ count: number; bytes: number }> {
    const swept = { count: 0, bytes: 0 }
    const failed = new Set<string>()
    for (;;) {
      const over = (await repo.listOver(clock(), BATCH + failed.size)).filter(({ id }) => !failed.has(id))
      if (over.length === 0) return swept
      for (const { id, status, received } of over) {
        try {
          await turns.take(id, destroy)
          swept.count += status === 'open' ? 1 : 0
          swept.bytes += status === 'open' ? received : 0
        } catch (err) {
          failed.add(id)
          log.error({ err }, 'could not take away an unfinished upload')
        }
      }
    }
  }

  return { create, inspect, append, remove, sweep }
}
