/**
 * What can go wrong, in words that no transport owns. `server/http/error-handler.ts` turns a code into a status.
 *
 * - `bad_request`: the request is wrong and says how to be right
 * - `too_large`: a size limit; Plik's clients get it as 400, JSON clients as 413
 * - `unauthorized`: a password is needed or wrong
 * - `login_required`: for users only
 * - `invalid_session`: the caller was logged in once, or does not prove that the page itself calls; the cookies go
 * - `conflict`: there is one already, or the request does not fit how things are by now
 * - `forbidden`, `not_found`, `not_acceptable`, `precondition_failed`, `unsupported_media_type`, `range_not_satisfiable`: as in HTTP
 * - `lost`: a row promises bytes that the store does not have; trying again does not help
 * - `checksum_mismatch`: bytes changed on their way
 * - `locked`: somebody else has it at the moment: every claim on a limited download, or an upload that is being written
 * - `too_many_requests`: throttled
 * - `timed_out`: the other side fell silent, and may still listen
 * - `aborted`: the other side went away or fell silent; nobody is there to read the answer
 * - `insufficient_storage`: the disk is full
 * - `unavailable`: a back end does not answer now; trying again after `retryAfterSeconds`, which it always has, may help
 */
export type ErrorCode =
  | 'bad_request'
  | 'too_large'
  | 'unauthorized'
  | 'login_required'
  | 'invalid_session'
  | 'conflict'
  | 'forbidden'
  | 'not_found'
  | 'lost'
  | 'not_acceptable'
  | 'precondition_failed'
  | 'unsupported_media_type'
  | 'range_not_satisfiable'
  | 'checksum_mismatch'
  | 'locked'
  | 'too_many_requests'
  | 'aborted'
  | 'timed_out'
  | 'insufficient_storage'
  | 'unavailable'

export interface ErrorDetails {
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  retryAfterSeconds?: number
  /** Bytes of the whole representation, for the `Content-Range` header on `range_not_satisfiable`. */
  size?: number
  /** Secrets, paths and driver errors go here: logged, never sent. */
  cause?: unknown
}

/** Of what does not answer now, where nobody knows better. */
const RETRY_AFTER_SECONDS = 5

/** A failure that has an answer. `message` is safe for a stranger to read. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly retryAfterSeconds: number | undefined
  readonly size: number | undefined

  constructor(code: ErrorCode, message: string, { cause, retryAfterSeconds, size }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'AppError'
    this.code = code
    this.retryAfterSeconds = retryAfterSeconds ?? (code === 'unavailable' ? RETRY_AFTER_SECONDS : undefined)
    this.size = size
  }
}
