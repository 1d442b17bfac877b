import { PageTitle } from '../components/page-title.tsx'
import { commonTexts } from '../i18n/common.ts'
import { href } from '../router.ts'

export function NotFoundPage() {
  const t = commonTexts.value
  return (
    <section class="card centred">
      <PageTitle>{t.notFoundTitle}</PageTitle>
      <p class="quiet">{t.notFoundText}</p>
      <a class="button primary" href={href('/')}>
        {t.sendSomething}
      </a>
    </section>
  )
}
