import { MayflyError } from '../../../client/src/errors.ts'
import { errorText } from '../lib/error-text.ts'
import { formatDuration } from '../lib/format.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { visibleName } from '../lib/visible-name.ts'
import { uploadTexts } from './texts/upload.ts'

/** This browser would have to hold more in memory than is good for it. Only a terminal, or another browser, can do it. */
export class TooLargeError extends Error {}

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
  if (error instanceof InsecureError) return t.needsHttps
  if (error instanceof TypeError) return commonTexts.value.unreachable // of a part of the page that was loaded for it
  if (!(error instanceof MayflyError)) return errorText(error)
  if (error.code === 'not_as_sent') return t.foreign
  if (error.code === 'changed' || error.code === 'wrong_key') return t.notOpened
  if (error.code === 'digest_mismatch') return t.damaged
  if (error.status === 423) return error.retryAfter ? t.claimedFor(formatDuration(error.retryAfter)) : t.claimed
  return error.status === 404 || error.code === 'file_changed' ? t.fileGone : errorText(error)
}
