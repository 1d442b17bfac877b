/**
 * Errors of a store.
 *
 * - `not_found`: there are no such bytes
 * - `insufficient_storage`: it is full
 * - `too_large`: it can't store a file of that size
 * - `unavailable`: it does not respond, or is broken
 */
export type StorageErrorKind = keyof typeof MESSAGES

const MESSAGES = {
  not_found: 'blob not found',
  insufficient_storage: 'no space left on the server',
  too_large: 'the file is too large for the storage',
  unavailable: 'the storage is not available at the moment',
}

/** `message` contains no secrets; keys, paths and errors of drivers are in `cause`. */
export class StorageError extends Error {
  readonly kind: StorageErrorKind

  constructor(kind: StorageErrorKind, options?: ErrorOptions) {
    super(MESSAGES[kind], options)
    this.name = 'StorageError'
    this.kind = kind
  }
}
