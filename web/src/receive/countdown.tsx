import { now } from '../lib/clock.ts'
import { formatDate, formatDuration } from '../lib/format.ts'
import { Icon } from '../ui/icon.tsx'
import { uploadTexts } from './texts/upload.ts'

interface Props {
  /** ISO 8601; null: forever. */
  expiresAt: string | null
  /** Streams are not stored: only the link expires. */
  isStream?: boolean | undefined
}

/** The time until an upload expires. */
export function Countdown({ expiresAt, isStream = false }: Props) {
  const t = uploadTexts.value
  if (expiresAt === null) return isStream ? null : <Fact text={t.never} />
  const at = Date.parse(expiresAt)
  if (isStream) return <Fact text={t.streamUntil(formatDate(at))} />
  const seconds = (at - now.value) / 1000
  return (
    <Fact text={seconds > 0 ? t.expires(formatDuration(seconds)) : t.expired} title={t.expiresAt(formatDate(at))} />
  )
}

function Fact({ text, title }: { text: string; title?: string }) {
  return (
    <span class="tag" title={title}>
      <Icon name="clock" size={16} />
      {text}
    </span>
  )
}
