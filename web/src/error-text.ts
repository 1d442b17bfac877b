import { ApiError } from './api.ts'
import { formatDuration } from './format.ts'
import { commonTexts } from './i18n/common.ts'

/** What went wrong, for a person. A refusal is told in the server's words, which say what is allowed. */
export function errorText(error: unknown): string {
  const t = commonTexts.value
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : t.unexpected
  if (error.status === 0) return t.unreachable
  if (error.status === 429) return t.tooMany(formatDuration(error.retryAfterSeconds ?? 60))
  if (error.status >= 500 && error.status !== 507) return t.unexpected
  return sentence(error.message.replace(/^unable to create (?:upload|file) : /, ''))
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
