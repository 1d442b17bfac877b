import { CentredCard } from '../components/centred-card.tsx'
import { formatDuration } from '../format.ts'
import { commonTexts } from '../i18n/common.ts'
import { href, route } from '../router.ts'

/**
 * Where the server sends a browser whose download failed: `#/?err=…&errcode=…&uri=…`, as Plik does. Anybody can write such a
 * link, so nothing of it is shown but what the page itself says of the code.
 */
export function FailedDownloadPage() {
  const t = commonTexts.value
  return (
    <CentredCard icon="download" title={t.failedTitle} text={reasonOf(Number(route.value.query.get('errcode')))}>
      <a class="button primary" href={href('/')}>
        {t.sendSomething}
      </a>
    </CentredCard>
  )
}

function reasonOf(status: number): string {
  const t = commonTexts.value
  if (status === 404) return t.failedGone
  if (status === 423) return t.failedLocked
  if (status === 429) return t.tooMany(formatDuration(60))
  return status >= 500 ? t.unexpected : t.failedAddress
}
