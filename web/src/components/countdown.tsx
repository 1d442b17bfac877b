import { now } from '../clock.ts'
import { formatDate, formatDuration } from '../format.ts'
import { uploadTexts } from '../i18n/upload.ts'
import { Icon } from './icon.tsx'

/** How long an upload will still be there. `expiresAt`: as the server writes it; null: for ever. */
export function Countdown({ expiresAt }: { expiresAt: string | null }) {
  const t = uploadTexts.value
  if (expiresAt === null) return <Fact text={t.never} />
  const at = Date.parse(expiresAt)
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
