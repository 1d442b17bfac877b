import { commonTexts } from '../i18n/common.ts'
import { href } from '../router.ts'

export function NotFoundPage() {
  const t = commonTexts.value
  return (
    <section class="card centred">
      <h1>{t.notFoundTitle}</h1>
      <p class="quiet">{t.notFoundText}</p>
      <a class="button primary" href={href('/')}>
        {t.sendSomething}
      </a>
    </section>
  )
}
