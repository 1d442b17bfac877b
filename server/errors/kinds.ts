/**
 * The kinds of errors, independent of HTTP; `server/http/statuses.ts` has the HTTP status of each kind.
 *
 * - `bad_request`: the request is invalid; the message explains what to fix
 * - `too_large`: a size limit; Plik's clients get it as 400, JSON clients as 413
 * - `unauthorized`: a password is missing or wrong
 * - `login_required`: for users only
 * - `invalid_session`: the session has expired or the CSRF token is missing; the session cookies are cleared
 * - `conflict`: it exists already, or the request does not fit the current state
 * - `forbidden`, `not_found`, `not_acceptable`, `precondition_failed`, `unsupported_media_type`, `range_not_satisfiable`: as in HTTP
 * - `lost`: a row refers to bytes that the store does not have; a retry does not help
 * - `checksum_mismatch`: bytes were changed in transit
 * - `locked`: in use by another client: all claims on a limited download, or an upload that is being written
 * - `too_many_requests`: throttled
 * - `timed_out`: the client sent nothing for too long, but may still read the response
 * - `aborted`: the other side disconnected or sent nothing for too long; the response will not be read
 * - `internal`: a bug or an unexpected failure; clients get no details
 * - `insufficient_storage`: the disk is full
 * - `unavailable`: a back end does not respond; a retry after `retryAfterSeconds`, which it always has, may help
 */
export type ErrorKind =
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
  | 'internal'
  | 'insufficient_storage'
  | 'unavailable'

/**
 * Errors by their ids, each with its kind and its English sentence, which is Plik's if Plik has one. An id never changes
 * its meaning. `{name}` in a sentence is a parameter, `{name:size}` one that is a number of bytes.
 */
export type Topic = Readonly<Record<string, readonly [kind: ErrorKind, sentence: string]>>
