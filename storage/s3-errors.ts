import { StorageError } from './storage-error.ts'

/** Amazon, Ceph and MinIO each have their own word for a full store. */
const FULL = ['QuotaExceeded', 'InsufficientCapacity', 'XMinioStorageFull']

/** For `.catch` of every call: throws what a failure means to the caller. The SDK has tried three times before. */
export function fail(cause: unknown): never {
  const name = errorName(cause)
  if (['NoSuchKey', 'NotFound', 'NoSuchUpload'].includes(name)) throw new StorageError('not_found', { cause })
  // Keys are random, so this is a bug of ours: an ordinary error.
  if (name === 'PreconditionFailed') throw new Error('a blob with this key exists already', { cause })
  if (name === 'InvalidRange') throw new Error('blob is too short for the range', { cause })
  if (FULL.includes(name)) throw new StorageError('insufficient_storage', { cause })
  throw new StorageError('unavailable', { cause })
}

export const errorName = (error: unknown): string => (error instanceof Error ? error.name : '')

export const isUnavailable = (error: unknown): boolean => error instanceof StorageError && error.kind === 'unavailable'

/** Goes through pages of the SDK with errors in our words. */
export async function* failing<T>(pages: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* pages
  } catch (error) {
    fail(error)
  }
}
