import { ApiError } from '../lib/api.ts'
import { errorText } from '../lib/error-text.ts'
import { formatDuration } from '../lib/format.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { visibleName } from '../lib/visible-name.ts'
import { uploadTexts } from './texts/upload.ts'

/** This browser would have to hold more in memory than is good for it. Only a terminal, or another browser, can do it. */
export class TooLargeError extends Error {}

/** It is encrypted, and the received bytes are not those that were sent, or the key is another one. */
export class NotOpenedError extends Error {}

/** What the server hands out is not the file that the sender listed. */
export class ForeignFileError extends Error {}

/** It is encrypted, and this page came over plain HTTP. */
export class InsecureError extends Error {}

/** Which one of several files it was. */
export class FileError extends Error {
  readonly path: string

  constructor(path: string, cause: unknown) {
    super(`${path} could not be fetched`, { cause })
    this.path = path
  }
}

/** Why something can't be downloaded now, for a person. */
export function problemText(error: unknown): string {
  const t = uploadTexts.value
  if (error instanceof FileError) return t.failedAt(visibleName(error.path), problemText(error.cause))
  if (error instanceof TooLargeError) return t.tooLargeForPage
  if (error instanceof ForeignFileError) return t.foreign
  if (error instanceof NotOpenedError) return t.notOpened
  if (error instanceof InsecureError) return t.needsHttps
  if (error instanceof TypeError) return commonTexts.value.unreachable // of a part of the page that was loaded for it
  if (!(error instanceof ApiError)) return errorText(error)
  if (error.status === 423)
    return error.retryAfterSeconds ? t.claimedFor(formatDuration(error.retryAfterSeconds)) : t.claimed
  return error.status === 404 ? t.fileGone : errorText(error)
}
