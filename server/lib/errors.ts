import { StorageError, type StorageErrorKind } from '../../storage/storage-error.ts'
import { ERRORS, type ErrorId, type ParametersOf } from '../errors/catalogue.ts'
import type { ErrorKind } from '../errors/kinds.ts'
import { type Parameters, sentenceOf } from '../errors/sentence.ts'

export interface ErrorDetails {
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  retryAfterSeconds?: number | undefined
  /** Bytes of the whole representation, for the `Content-Range` header on `range_not_satisfiable`. */
  size?: number | undefined
  /** Secrets, paths and driver errors go here: logged, never sent. */
  cause?: unknown
  /** English words in place of the catalogue's. */
  message?: string | undefined
}

/** Of what does not answer now, where nobody knows better. */
const RETRY_AFTER_SECONDS = 5

/** Parameters may be left out where the sentence takes none. */
type Given<Id extends ErrorId> = keyof ParametersOf<Id> extends never
  ? [parameters?: Record<never, never>, details?: ErrorDetails]
  : [parameters: ParametersOf<Id>, details?: ErrorDetails]

/** A failure that has an answer. Its parameters and `message`, the English sentence, are safe for a stranger to read. */
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

/** What kind of failure it is, of the store as well; undefined: a mistake of ours. */
export const kindOf = (error: unknown): ErrorKind | undefined =>
  error instanceof AppError || error instanceof StorageError ? error.kind : undefined

const OF_STORAGE = {
  not_found: 'blob_not_found',
  insufficient_storage: 'no_space',
  too_large: 'file_too_large_for_storage',
  unavailable: 'storage_unavailable',
} as const satisfies Record<StorageErrorKind, ErrorId>

/** What is answered, also to a failure of the store; undefined: a mistake of ours. */
export function asAppError(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error
  return error instanceof StorageError ? new AppError(OF_STORAGE[error.kind], {}, { cause: error }) : undefined
}

/** The same error with more English words around its own. Translations and programs know it by its id. */
export function reworded(error: AppError, message: string): AppError {
  const { id, parameters, retryAfterSeconds, size } = error
  return new AppError(id, parameters as never, { cause: error, retryAfterSeconds, size, message })
}

/** Says first what can't be done, then why, as Plik does. */
export function because<T>(beginning: string, check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw error instanceof AppError ? reworded(error, `${beginning}${error.message}`) : error
  }
}
