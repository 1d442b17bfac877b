import { StorageError } from './storage-error.ts'

/** Amazon, Ceph and MinIO have different codes for a full store. */
const FULL = ['QuotaExceeded', 'InsufficientCapacity', 'XMinioStorageFull']

/** For `.catch` of every call: converts the error to a `StorageError`. The SDK has tried three times before. */
export function fail(cause: unknown): never {
  const name = errorName(cause)
  if (['NoSuchKey', 'NotFound', 'NoSuchUpload'].includes(name)) throw new StorageError('not_found', { cause })
  // Keys are random, so this is a bug: an ordinary error.
  if (name === 'PreconditionFailed') throw new Error('a blob with this key exists already', { cause })
  if (name === 'InvalidRange') throw new Error('blob is too short for the range', { cause })
  if (FULL.includes(name)) throw new StorageError('insufficient_storage', { cause })
  throw new StorageError('unavailable', { cause })
}

export const errorName = (error: unknown): string => (error instanceof Error ? error.name : '')

export const isUnavailable = (error: unknown): boolean => error instanceof StorageError && error.kind === 'unavailable'

/** Iterates over pages of the SDK, with errors as `StorageError`. */
export async function* failing<T>(pages: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* pages
  } catch (error) {
    fail(error)
  }
}
