import { useMemo } from 'preact/hooks'
import { MayflyError } from '../../../client/src/errors.ts'
import { now } from '../lib/clock.ts'
import { DEFAULT_WAIT_SECONDS, errorText } from '../lib/error-text.ts'
import { formatDuration } from '../lib/format.ts'
import { commonTexts } from '../lib/texts/common.ts'

/** What went wrong, for a person. A wait that the server asks for is counted down, and that is not read out again each second. */
export function ErrorMessage({ error }: { error: unknown }) {
  const t = commonTexts.value
  const until = useMemo(() => endOfWait(error), [error])
  if (until === undefined) return <>{errorText(error)}</>
  const seconds = Math.ceil((until - now.value) / 1_000)
  return <span role="timer">{seconds > 0 ? t.tooMany(formatDuration(seconds)) : t.tooManyOver}</span>
}

/** Epoch ms. */
function endOfWait(error: unknown): number | undefined {
  if (!(error instanceof MayflyError && error.status === 429)) return undefined
  return Date.now() + (error.retryAfter ?? DEFAULT_WAIT_SECONDS) * 1_000
}
