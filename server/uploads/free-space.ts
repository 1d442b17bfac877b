import type { BlobStore } from '../../storage/blob-store.ts'
import type { SteadyClock } from '../clock.ts'
import { AppError } from '../errors.ts'

interface Dependencies {
  blobs: Pick<BlobStore, 'freeBytes'>
  steady: SteadyClock
  minFreeSpaceBytes: number
}

const CHECK_INTERVAL_MS = 1_000

export type AssertFreeSpace = ReturnType<typeof createFreeSpaceGuard>

/** The database must always be able to commit, so new bytes are refused while there is still some space. */
export function createFreeSpaceGuard({ blobs, steady, minFreeSpaceBytes }: Dependencies) {
  let checkedAt = Number.NEGATIVE_INFINITY

  /** Throws `insufficient_storage`. */
  return async (): Promise<void> => {
    if (steady() - checkedAt < CHECK_INTERVAL_MS) return
    const free = await blobs.freeBytes()
    if (free !== undefined && free < minFreeSpaceBytes) {
      throw new AppError('insufficient_storage', 'no space left on the server')
    }
    checkedAt = steady()
  }
}
