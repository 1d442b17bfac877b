import type { ErrorKind } from '../errors/kinds.ts'

export const STATUS: Readonly<Record<ErrorKind, number>> = {
  bad_request: 400,
  aborted: 400,
  timed_out: 408,
  too_large: 413,
  unauthorized: 401,
  login_required: 401,
  invalid_session: 403,
  conflict: 409,
  forbidden: 403,
  not_found: 404,
  not_acceptable: 406,
  lost: 410,
  precondition_failed: 412,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  checksum_mismatch: 460, // tus 1.0.0
  locked: 423,
  too_many_requests: 429,
  internal: 500,
  unavailable: 503,
  insufficient_storage: 507,
}
