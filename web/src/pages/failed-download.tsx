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
    <section class="card centred">
      <h1>{t.failedTitle}</h1>
      <p class="quiet">{reasonOf(Number(route.value.query.get('errcode')))}</p>
      <a class="button primary" href={href('/')}>
        {t.sendSomething}
      </a>
    </section>
  )
}

function reasonOf(status: number): string {
  const t = commonTexts.value
  if (status === 404) return t.failedGone
  if (status === 423) return t.failedLocked
  if (status === 429) return t.tooMany(formatDuration(60))
  return status >= 500 ? t.unexpected : t.failedAddress
}
