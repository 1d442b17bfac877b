import { asFileError, MayflyError } from '../../../client/src/errors.ts'
import { formatDuration } from './format.ts'
import { refusalText } from './refusals.ts'
import { commonTexts } from './texts/common.ts'

/** Where the server does not say how long to wait. */
export const DEFAULT_WAIT_SECONDS = 60

/** What the page itself has against something, in words for people. */
export class Objection extends Error {}

/** What went wrong, for a person. A refusal is told as the server tells it, who says what is allowed. */
export function errorText(thrown: unknown): string {
  const t = commonTexts.value
  const error = asFileError(thrown)
  if (error instanceof Objection) return error.message
  if (!(error instanceof MayflyError)) return error instanceof Error ? t.refused(error.message, 0) : t.unexpected
  if (error.proxyStatus !== undefined) return proxyText(error.proxyStatus)
  if (error.code === 'file_changed') return t.fileChanged
  if (error.status === 0) return t.unreachable
  if (error.status === 429) return t.tooMany(formatDuration(error.retryAfter ?? DEFAULT_WAIT_SECONDS))
  if (error.status >= 500 && error.status !== 507) return t.unexpected
  return sentence(refusalText(error))
}

function proxyText(status: number): string {
  const t = commonTexts.value
  if (status === 413) return t.proxyTooLarge
  return status < 400 ? t.notTheServer : t.proxyAnswered(status)
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
