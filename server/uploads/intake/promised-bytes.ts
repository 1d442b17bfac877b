import type { BlobKey, BlobStore, ByteRange } from '../../../storage/blob-store.ts'
import { AppError, kindOf } from '../../lib/errors.ts'

/** A blob that a row of the database refers to, and the part of it that is needed. */
export interface PromisedBytes extends ByteRange {
  key: BlobKey
}

/** Reads what rows promise. After the loss of a disk, or with a backup of another time, the store may not hold it. */
export function createBytesReader(blobs: Pick<BlobStore, 'get' | 'size'>) {
  /** As `BlobStore.get`, but throws `lost` when the blob is gone or too short. */
  async function open({ key, start, end }: PromisedBytes): Promise<AsyncIterableIterator<Buffer>> {
    try {
      return await blobs.get(key, { start, end })
    } catch (cause) {
      const isRefused = (kindOf(cause) ?? 'not_found') !== 'not_found'
      if (!isRefused && (await isLost({ key, end }))) throw lostBytes(cause)
      throw cause
    }
  }

  /** Whether the blob is gone, or shorter than what is needed of it. `end` is -1 where nothing is. */
  async function isLost({ key, end }: Pick<PromisedBytes, 'key' | 'end'>): Promise<boolean> {
    return ((await blobs.size(key)) ?? 0) <= end
  }

  return { open, isLost }
}

const lostBytes = (cause: unknown) => new AppError('file_lost', {}, { cause })
