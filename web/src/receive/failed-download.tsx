import { formatDuration } from '../lib/format.ts'
import { href, route } from '../lib/router.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { CentredCard } from '../ui/centred-card.tsx'
import { failedDownloadTexts } from './texts/failed-download.ts'

/**
 * The server redirects a browser here when a download fails: `#/?err=…&errcode=…&uri=…`, as Plik does. Anyone can create such a
 * link, so the page shows only its own text for the code, and nothing from the address.
 */
export function FailedDownloadPage() {
  const reason = reasonOf(Number(route.value.query.get('errcode')))
  return (
    <CentredCard icon="download" title={failedDownloadTexts.value.title} text={reason}>
      <a class="button primary" href={href('/')}>
        {commonTexts.value.sendSomething}
      </a>
    </CentredCard>
  )
}

function reasonOf(status: number): string {
  const t = failedDownloadTexts.value
  if (status === 404) return t.gone
  if (status === 423) return t.locked
  if (status === 429) return commonTexts.value.tooMany(formatDuration(60))
  return status >= 500 ? commonTexts.value.unexpected : t.address
}
