import { MayflyError } from '../../../client/src/errors.ts'
import { errorText } from '../lib/error-text.ts'
import { formatDuration } from '../lib/format.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { visibleName } from '../lib/visible-name.ts'
import { uploadTexts } from './texts/upload.ts'

/** This browser would have to hold too much in memory. A terminal or another browser can do it. */
export class TooLargeError extends Error {}

/** The file is encrypted, but the page was loaded over plain HTTP. */
export class InsecureError extends Error {}

/** An error with the name of the file. */
export class FileError extends Error {
  readonly path: string

  constructor(path: string, cause: unknown) {
    super(`${path} could not be fetched`, { cause })
    this.path = path
  }
}

/** The message for a failed download, in the user's language. */
export function problemText(error: unknown): string {
  const t = uploadTexts.value
  if (error instanceof FileError) return t.failedAt(visibleName(error.path), problemText(error.cause))
  if (error instanceof TooLargeError) return t.tooLargeForPage
  if (error instanceof InsecureError) return t.needsHttps
  if (error instanceof TypeError) return commonTexts.value.unreachable // a part of the page could not be loaded
  if (!(error instanceof MayflyError)) return errorText(error)
  if (error.code === 'not_as_sent') return t.foreign
  if (error.code === 'changed' || error.code === 'wrong_key') return t.notOpened
  if (error.code === 'digest_mismatch') return t.damaged
  if (error.status === 423) return error.retryAfter ? t.claimedFor(formatDuration(error.retryAfter)) : t.claimed
  return error.status === 404 || error.code === 'file_changed' ? t.fileGone : errorText(error)
}
