import { now } from '../clock.ts'
import { formatDate, formatDuration } from '../format.ts'
import { requestTexts } from '../i18n/requests.ts'
import { Icon } from './icon.tsx'

/** How long a request takes files. `expiresAt`: as the server writes it; null: for ever. */
export function OpenFor({ expiresAt }: { expiresAt: string | null }) {
  if (expiresAt === null) return null
  const at = Date.parse(expiresAt)
  return (
    <span class="tag" title={formatDate(at)}>
      <Icon name="clock" size={16} />
      {requestTexts.value.openFor(formatDuration((at - now.value) / 1000))}
    </span>
  )
}
