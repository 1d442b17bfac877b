import type { FastifyBaseLogger } from 'fastify'
import type { BlobStore } from '../../storage/blob-store.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { UploadsIntake } from '../uploads/intake/uploads-intake.ts'
import type { StoredFile } from '../uploads/upload.ts'
import type { Uploads } from '../uploads/uploads.ts'
import type { ResumablesRepo } from './resumables-repo.ts'
import { type Turn, type Turns, unknownUpload } from './upload-locks.ts'

interface Dependencies {
  repo: ResumablesRepo
  turns: Turns
  uploads: Uploads
  intake: UploadsIntake
  findFile: (id: string) => Promise<StoredFile | undefined>
  blobs: BlobStore
  clock: Clock
  log: Pick<FastifyBaseLogger, 'error'>
}

const BATCH = 100

export type Endings = ReturnType<typeof createEndings>

/** How resumables go that do not become files. */
export function createEndings({ repo, turns, uploads, intake, findFile, blobs, clock, log }: Dependencies) {
  /** With what was received, the slot, and the upload that was made for it unless it holds more. A finished file is left alone. */
  async function destroy(turn: Turn): Promise<void> {
    const { fileId, uploadId, ownsUpload } = turn.resumable
    if (!(await deleteWithBytes(turn))) return
    const wasOpen = fileId !== null && (await intake.giveBack({ id: fileId }))
    if (wasOpen && ownsUpload && uploadId !== null) await uploads.withdraw(uploadId)
  }

  /** The file that it has become, in the name of its sender. Throws `forbidden`: a guest, who may only add. */
  async function removeFile(turn: Turn): Promise<void> {
    const { fileId, uploadId, ownsUpload } = turn.resumable
    const upload = uploadId === null ? undefined : await uploads.find(uploadId)
    const file = fileId === null ? undefined : await findFile(fileId)
    if (typeof file?.requestId === 'string')
      throw new AppError('forbidden', 'the upload is finished, and can be removed with the upload token only')
    if (!(await turn.delete()) || !upload || !file) return
    await uploads.removeFile({ upload, isAdmin: true, holdsToken: false }, file)
    if (ownsUpload) await uploads.withdraw(upload.id)
  }

  /** Leaves the slot as it is. False: there was none. */
  async function forget(fileId: string): Promise<boolean> {
    const found = await repo.findByFile(fileId)
    return found?.status === 'open' && turns.take(found.id, deleteWithBytes)
  }

  /** False: it was somebody else's turn. A blob that became a file in a turn that did not live to say so is left alone. */
  async function deleteWithBytes(turn: Turn): Promise<boolean> {
    const { blobKey, received, notes } = turn.resumable
    if (!(await turn.delete())) return false
    if (blobKey === null) return true
    await blobs.deletePartial(blobKey, notes === null ? undefined : { size: received, notes })
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
      for (const { id, blobKey, received } of over) {
        try {
          await end(id)
          swept.count += blobKey === null ? 0 : 1
          swept.bytes += blobKey === null ? 0 : received
        } catch (err) {
          failed.add(id)
          log.error({ err }, 'could not take away an unfinished upload')
        }
      }
    }
  }

  /** A writer is told that the upload is gone, and may have deleted it by then. */
  async function end(id: string): Promise<void> {
    try {
      await turns.take(id, destroy, unknownUpload())
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'not_found')) throw error
    }
  }

  return { destroy, removeFile, forget, deleteWithBytes, sweep }
}
