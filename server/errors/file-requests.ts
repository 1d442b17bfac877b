import type { Topic } from './kinds.ts'

/** Errors of links by which guests add files. */
export const FILE_REQUEST_ERRORS = {
  file_requests_disabled: ['forbidden', 'requests are disabled'],
  file_request_for_stream: ['bad_request', 'a streaming upload takes no requests'],
  file_request_ttl_invalid: ['bad_request', 'invalid ttl. (must be from 0, as long as the upload, to {max} seconds)'],
  file_request_limit_invalid: ['bad_request', 'invalid {field}. (must be at least 1, or 0 for no limit)'],
  too_many_file_requests: ['bad_request', 'maximum number of requests per upload reached, limit is {max}'],
  manage_file_requests_forbidden: ['forbidden', 'you are not allowed to manage requests of this upload'],
  file_request_token_unknown: ['not_found', 'request not found'],
  file_request_not_found: ['not_found', 'request {id} not found'],
  file_request_revoked: ['forbidden', 'this request was revoked'],
  file_request_expired: ['not_found', 'this request has expired'],
  file_request_full: ['forbidden', 'this request is full'],
  too_many_unfinished_parts: ['forbidden', 'too many unfinished parts by this request, maximum is {max}'],
  file_request_upload_expired: ['not_found', 'the upload behind this request has expired'],
  file_request_upload_removed: ['not_found', 'the upload behind this request was removed'],
  file_too_large_for_request: ['too_large', 'file too big (this request takes {left:size} more)'],
  file_request_space_exceeded: ['too_large', 'file too big (exceeds what is left of this request)'],
  file_request_token_missing: ['bad_request', 'missing X-RequestToken header'],
  file_request_address_wrong: ['bad_request', 'files for a request go to /request/, with a slash at the end'],
} as const satisfies Topic
