import { now } from '../lib/clock.ts'
import { formatDate, formatDuration } from '../lib/format.ts'
import { Icon } from '../ui/icon.tsx'
import { requestTexts } from './texts/requests.ts'

/** How long a request accepts files. `expiresAt`: ISO 8601; null: forever. */
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
