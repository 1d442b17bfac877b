import { StorageError, type StorageErrorKind } from '../../storage/storage-error.ts'
import { ERRORS, type ErrorId, type ParametersOf } from '../errors/catalogue.ts'
import type { ErrorKind } from '../errors/kinds.ts'
import { type Parameters, sentenceOf } from '../errors/sentence.ts'

export interface ErrorDetails {
  /** Seconds after which a retry makes sense; becomes `Retry-After`. */
  retryAfterSeconds?: number | undefined
  /** Bytes of the whole representation, for the `Content-Range` header on `range_not_satisfiable`. */
  size?: number | undefined
  /** Secrets, paths and driver errors belong here: logged, never sent. */
  cause?: unknown
  /** An English message that replaces that of the catalogue. */
  message?: string | undefined
}

/** The default for unavailable back ends. */
const RETRY_AFTER_SECONDS = 5

/** Parameters are optional if the sentence has none. */
type Given<Id extends ErrorId> = keyof ParametersOf<Id> extends never
  ? [parameters?: Record<never, never>, details?: ErrorDetails]
  : [parameters: ParametersOf<Id>, details?: ErrorDetails]

/** An error with a response for the client. Its parameters and `message`, the English sentence, may be shown to anyone. */
export class AppError<Id extends ErrorId = ErrorId> extends Error {
  readonly id: ErrorId
  readonly kind: ErrorKind
  readonly parameters: Parameters
  readonly retryAfterSeconds: number | undefined
  readonly size: number | undefined

  constructor(id: Id, ...[parameters = {}, { cause, retryAfterSeconds, size, message } = {}]: Given<Id>) {
    const [kind, sentence] = ERRORS[id]
    super(message ?? sentenceOf(sentence, parameters), cause === undefined ? undefined : { cause })
    this.name = 'AppError'
    this.id = id
    this.kind = kind
    this.parameters = parameters
    this.retryAfterSeconds = retryAfterSeconds ?? (kind === 'unavailable' ? RETRY_AFTER_SECONDS : undefined)
    this.size = size
  }
}

/** The kind of an error, including errors of the store; undefined: an internal error. */
export const kindOf = (error: unknown): ErrorKind | undefined =>
  error instanceof AppError || error instanceof StorageError ? error.kind : undefined

const OF_STORAGE = {
  not_found: 'blob_not_found',
  insufficient_storage: 'no_space',
  too_large: 'file_too_large_for_storage',
  unavailable: 'storage_unavailable',
} as const satisfies Record<StorageErrorKind, ErrorId>

/** Converts an error to one that can be sent, including errors of the store; undefined: an internal error. */
export function asAppError(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error
  return error instanceof StorageError ? new AppError(OF_STORAGE[error.kind], {}, { cause: error }) : undefined
}

/** The same error with a longer English message. Translations and programs use its id. */
export function reworded(error: AppError, message: string): AppError {
  const { id, parameters, retryAfterSeconds, size } = error
  return new AppError(id, parameters as never, { cause: error, retryAfterSeconds, size, message })
}

/** Prefixes the reason with what can't be done, as Plik does. */
export function because<T>(beginning: string, check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw error instanceof AppError ? reworded(error, `${beginning}${error.message}`) : error
  }
}
