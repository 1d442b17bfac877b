import type { FastifyBaseLogger } from 'fastify'
import type { BlobStore } from '../../storage/blob-store.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError, kindOf } from '../lib/errors.ts'
import type { UploadsIntake } from '../uploads/intake/uploads-intake.ts'
import type { StoredFile } from '../uploads/upload.ts'
import type { Uploads } from '../uploads/uploads.ts'
import type { ResumableUploadsRepo } from './resumable-uploads-repo.ts'
import { type UploadLock, type UploadLocks, unknownUpload } from './upload-locks.ts'

interface Dependencies {
  repo: ResumableUploadsRepo
  locks: UploadLocks
  uploads: Uploads
  intake: UploadsIntake
  findFile: (id: string) => Promise<StoredFile | undefined>
  blobs: BlobStore
  clock: Clock
  log: Pick<FastifyBaseLogger, 'error'>
}

const BATCH = 100

export type Termination = ReturnType<typeof createTermination>

/** Deletes resumable uploads that do not become files (tus calls this termination). */
export function createTermination({ repo, locks, uploads, intake, findFile, blobs, clock, log }: Dependencies) {
  /**
   * Deletes the received bytes, the reservation and the upload that was created for it, unless that has more files. A
   * finished file is kept.
   */
  async function terminate(lock: UploadLock): Promise<void> {
    const { fileId, uploadId, ownsUpload } = lock.resumable
    if (!(await deleteWithBytes(lock))) return
    const wasOpen = fileId !== null && (await intake.release({ id: fileId }))
    if (wasOpen && ownsUpload && uploadId !== null) await uploads.removeIfEmpty(uploadId)
  }

  /** Removes the finished file for its sender. Throws `forbidden` for guests, who may only add files. */
  async function removeFile(lock: UploadLock): Promise<void> {
    const { fileId, uploadId, ownsUpload } = lock.resumable
    const upload = uploadId === null ? undefined : await uploads.find(uploadId)
    const file = fileId === null ? undefined : await findFile(fileId)
    if (typeof file?.requestId === 'string') throw new AppError('finished_upload_needs_token')
    if (!(await lock.delete()) || !upload || !file) return
    await uploads.removeFile({ upload, isAdmin: true, holdsToken: false }, file)
    if (ownsUpload) await uploads.removeIfEmpty(upload.id)
  }

  /** Deletes the received bytes; the reserved file is kept. Returns false if there is no resumable upload for the file. */
  async function abandon(fileId: string): Promise<boolean> {
    const found = await repo.findByFile(fileId)
    return found?.status === 'open' && locks.withLock(found.id, deleteWithBytes)
  }

  /** Returns false if the lock was lost. A blob that became a file just before its process died is kept. */
  async function deleteWithBytes(lock: UploadLock): Promise<boolean> {
    const { blobKey, offset, notes } = lock.resumable
    if (!(await lock.delete())) return false
    if (blobKey === null) return true
    await blobs.deletePartial(blobKey, notes === null ? undefined : { size: offset, notes })
    await intake.discard(blobKey)
    return true
  }

  /** Deletes uploads that were not finished in time. Idempotent, and may run concurrently on several replicas. */
  async function expire(): Promise<{ count: number; bytes: number }> {
    const expired = { count: 0, bytes: 0 }
    const failed = new Set<string>()
    for (;;) {
      const over = (await repo.listOver(clock(), BATCH + failed.size)).filter(({ id }) => !failed.has(id))
      if (over.length === 0) return expired
      for (const { id, blobKey, offset } of over) {
        try {
          await end(id)
          expired.count += blobKey === null ? 0 : 1
          expired.bytes += blobKey === null ? 0 : offset
        } catch (err) {
          failed.add(id)
          log.error({ err }, 'could not delete an expired unfinished upload')
        }
      }
    }
  }

  /** A current writer is aborted first, and may already have deleted the upload. */
  async function end(id: string): Promise<void> {
    try {
      await locks.withLock(id, terminate, unknownUpload())
    } catch (error) {
      if (kindOf(error) !== 'not_found') throw error
    }
  }

  return { terminate, removeFile, abandon, deleteWithBytes, expire }
}
