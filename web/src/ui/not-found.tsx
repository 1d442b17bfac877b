import { href } from '../lib/router.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { CentredCard } from './centred-card.tsx'

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
