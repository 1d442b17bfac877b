/**
 * What can go wrong, in words that no transport owns; `server/http/statuses.ts` has the HTTP status of each kind.
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
 * - `internal`: a mistake of ours, about which a stranger is told nothing
 * - `insufficient_storage`: the disk is full
 * - `unavailable`: a back end does not answer now; trying again after `retryAfterSeconds`, which it always has, may help
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
 * Errors by their ids, each with its kind and its English sentence, which is Plik's where Plik has one. An id never
 * changes its meaning. `{name}` in a sentence stands for a parameter, `{name:size}` for one that is a number of bytes.
 */
export type Topic = Readonly<Record<string, readonly [kind: ErrorKind, sentence: string]>>
