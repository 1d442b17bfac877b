import type { BlobKey, BlobStore, ByteRange } from '../../../storage/blob-store.ts'
import { AppError, kindOf } from '../../lib/errors.ts'

/** A blob that a row of the database refers to, and the part of it that is needed. */
export interface PromisedBytes extends ByteRange {
  key: BlobKey
}

/**
 * Reads blobs that rows of the database refer to. After the loss of a disk, or with a backup from another time, the store
 * may lack them.
 */
export function createBytesReader(blobs: Pick<BlobStore, 'get' | 'size'>) {
  /** Like `BlobStore.get`, but throws `lost` if the blob is missing or too short. */
  async function open({ key, start, end }: PromisedBytes): Promise<AsyncIterableIterator<Buffer>> {
    try {
      return await blobs.get(key, { start, end })
    } catch (cause) {
      const isRefused = (kindOf(cause) ?? 'not_found') !== 'not_found'
      if (!isRefused && (await isLost({ key, end }))) throw lostBytes(cause)
      throw cause
    }
  }

  /** Whether the blob is missing or shorter than needed. `end` is -1 if no bytes are needed. */
  async function isLost({ key, end }: Pick<PromisedBytes, 'key' | 'end'>): Promise<boolean> {
    return ((await blobs.size(key)) ?? 0) <= end
  }

  return { open, isLost }
}

const lostBytes = (cause: unknown) => new AppError('file_lost', {}, { cause })
