/**
 * What a store can't do.
 *
 * - `not_found`: it has no such bytes
 * - `insufficient_storage`: it is full
 * - `too_large`: it takes no file of that size
 * - `unavailable`: it does not answer, or is broken
 */
export type StorageErrorKind = keyof typeof MESSAGES

const MESSAGES = {
  not_found: 'blob not found',
  insufficient_storage: 'no space left on the server',
  too_large: 'the file is too large for the storage',
  unavailable: 'the storage is not available at the moment',
}

/** `message` is safe for a stranger to read; keys, paths and errors of drivers are in `cause`. */
export class StorageError extends Error {
  readonly kind: StorageErrorKind

  constructor(kind: StorageErrorKind, options?: ErrorOptions) {
    super(MESSAGES[kind], options)
    this.name = 'StorageError'
    this.kind = kind
  }
}
