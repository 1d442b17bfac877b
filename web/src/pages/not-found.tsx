import { CentredCard } from '../components/centred-card.tsx'
import { commonTexts } from '../i18n/common.ts'
import { href } from '../router.ts'

export function NotFoundPage() {
  const t = commonTexts.value
  return (
    <CentredCard icon="link" title={t.notFoundTitle} text={t.notFoundText}>
      <a class="button primary" href={href('/')}>
        {t.sendSomething}
      </a>
    </CentredCard>
  )
}
