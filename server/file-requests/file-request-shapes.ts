import { caseless } from '../lib/shapes.ts'
import type { Upload } from '../uploads/upload.ts'
import { field, timeJson } from '../uploads/upload-shapes.ts'
import type { FileRequest, Invitation, ListedRequest } from './file-request.ts'
import type { RequestOptions } from './file-request-rules.ts'

/** File requests in JSON. Schema keys are in lower case, see `caseless`. */

export const CreateRequestBody = caseless({
  title: field.text,
  comments: field.text,
  maxfiles: field.int,
  maxsize: field.int,
  ttl: field.int,
}).transform(
  ({ maxfiles, maxsize, ttl, ...rest }): RequestOptions => ({
    ...rest,
    maxFiles: maxfiles,
    maxSize: maxsize,
    ttlSeconds: ttl,
  }),
)

/** A request as the uploader sees it. */
export function requestJson({ request, status, arrived }: ListedRequest, upload: Upload) {
  return {
    id: request.id,
    title: request.title,
    comments: request.comments,
    status,
    ...(request.maxFiles === null ? {} : { maxFiles: request.maxFiles }),
    ...(request.maxBytes === null ? {} : { maxSize: request.maxBytes }),
    filesAdded: arrived.files,
    bytesAdded: arrived.bytes,
    createdAt: timeJson(request.createdAt),
    expireAt: endOf(request, upload),
  }
}

/**
 * A request as guests see it: what they may still add, not the original limits, and of the upload only the rules for its
 * files.
 */
export function guestJson({ request, upload, status, left, maxFileSizeBytes }: Invitation) {
  return {
    title: request.title,
    comments: request.comments,
    status,
    maxFileSize: Number.isFinite(maxFileSizeBytes) ? maxFileSizeBytes : -1,
    ...(request.maxFiles === null ? {} : { filesLeft: left.files }),
    ...(request.maxBytes === null ? {} : { bytesLeft: left.bytes }),
    ...(upload.normalize ? {} : { normalize: false }),
    ...(upload.e2ee === null ? {} : { e2ee: upload.e2ee }),
    expireAt: endOf(request, upload),
  }
}

/** The end of the request or of the upload, whichever is earlier. */
function endOf({ expiresAt }: FileRequest, upload: Upload): string | null {
  const ends = [expiresAt, upload.expiresAt].filter((end) => end !== null)
  return ends.length === 0 ? null : timeJson(Math.min(...ends))
}
