import type { Config } from '../config/config.ts'
import { AppError } from '../lib/errors.ts'
import type { Announcement } from '../uploads/intake/announcement.ts'
import type { Upload } from '../uploads/upload.ts'
import { grantedComments, isExpired, MAX_TTL_SECONDS, storable } from '../uploads/upload-rules.ts'
import type { FileRequest, RequestStatus, Usage } from './file-request.ts'

/** Rules for file requests and the files of guests. Pure: no I/O, no clock. */

/** Options of a file request as requested by its creator; 0 or undefined: no limit. */
export interface RequestOptions {
  title?: string | undefined
  comments?: string | undefined
  maxFiles?: number | undefined
  /** Bytes of all files together. */
  maxSize?: number | undefined
  ttlSeconds?: number | undefined
}

/** Includes revoked ones, which are kept because files refer to them. */
export const MAX_REQUESTS_PER_UPLOAD = 100
const MAX_TITLE_BYTES = 256
/** More than guests who send files in several parts need at the same time. */
export const MAX_PARTS_PER_REQUEST = 100

type RequestPlan = Pick<FileRequest, 'title' | 'comments' | 'maxFiles' | 'maxBytes' | 'expiresAt'>

/** Throws `bad_request` with the reason if the options are not allowed. */
export function planRequest(
  options: RequestOptions,
  config: Pick<Config, 'featureComments'>,
  now: number,
): RequestPlan {
  const { title = '', comments, maxFiles = 0, maxSize = 0, ttlSeconds = 0 } = options
  if (ttlSeconds < 0 || ttlSeconds > MAX_TTL_SECONDS)
    throw new AppError('file_request_ttl_invalid', { max: MAX_TTL_SECONDS })
  return {
    title: storable(title, 'title', MAX_TITLE_BYTES),
    comments: grantedComments(comments, config),
    maxFiles: grantedLimit('maxFiles', maxFiles),
    maxBytes: grantedLimit('maxSize', maxSize),
    expiresAt: ttlSeconds === 0 ? null : now + ttlSeconds * 1000,
  }
}

function grantedLimit(name: string, limit: number): number | null {
  if (limit < 0) throw new AppError('file_request_limit_invalid', { field: name })
  return limit === 0 ? null : limit
}

/** Throws `bad_request`: guests can't add files to a stream. */
export function assertTakesGuests({ stream }: Upload): void {
  if (stream) throw new AppError('file_request_for_stream')
}

/**
 * Throws `forbidden`: revoked; `not_found`: the request or its upload has expired or was removed. The errors do not
 * contain the upload's id, which guests must not know.
 */
export function assertOpen(request: FileRequest, upload: Upload | undefined, now: number): asserts upload is Upload {
  if (!upload || upload.status === 'removed') throw new AppError('file_request_upload_removed')
  if (isExpired(upload, now)) throw new AppError('file_request_upload_expired')
  if (request.revokedAt !== null) throw new AppError('file_request_revoked')
  if (hasEnded(request, now)) throw new AppError('file_request_expired')
}

const hasEnded = ({ expiresAt }: FileRequest, now: number): boolean => expiresAt !== null && expiresAt <= now

export function statusOf(request: FileRequest, arrived: Usage, now: number): RequestStatus {
  if (request.revokedAt !== null) return 'revoked'
  if (hasEnded(request, now)) return 'expired'
  return isFull(leftOf(request, arrived)) ? 'full' : 'open'
}

const isFull = ({ files, bytes }: Usage): boolean => files === 0 || bytes === 0

/** What guests may still add; `Infinity`: no limit. */
export const leftOf = ({ maxFiles, maxBytes }: FileRequest, used: Usage): Usage => ({
  files: Math.max(0, (maxFiles ?? Number.POSITIVE_INFINITY) - used.files),
  bytes: Math.max(0, (maxBytes ?? Number.POSITIVE_INFINITY) - used.bytes),
})

/**
 * The number of bytes that a further file may have if `used` is already taken; `Infinity`: no limit. A file of unknown
 * size reserves everything that is left until it is complete. Throws `forbidden`: full; `too_large`: more than is left.
 */
export function grantBytes(request: FileRequest, used: Usage, announced: Announcement): number {
  const left = leftOf(request, used)
  if (isFull(left)) throw new AppError('file_request_full')
  if (announced.isExact && announced.bytes > left.bytes) throw tooLarge(left.bytes)
  return request.maxBytes === null ? Number.POSITIVE_INFINITY : Math.min(announced.bytes, left.bytes)
}

/** Like `grantBytes`, for a part of a file: it counts against the bytes, but not against the number of files. */
export function grantPart(request: FileRequest, used: Usage, parts: Usage, announced: Announcement): number {
  if (parts.files >= MAX_PARTS_PER_REQUEST)
    throw new AppError('too_many_unfinished_parts', { max: MAX_PARTS_PER_REQUEST })
  return grantBytes(request, { files: used.files, bytes: used.bytes + parts.bytes }, announced)
}

const tooLarge = (leftBytes: number) => new AppError('file_too_large_for_request', { left: leftBytes })
