import { commonTexts } from '../lib/texts/common.ts'
import { CentredCard } from '../ui/centred-card.tsx'
import { Icon } from '../ui/icon.tsx'
import type { Refusal } from './received.ts'
import { encryptionTexts } from './texts/encryption.ts'

/** Explains why an upload that does not match its link is not shown. */
export function RefusedUpload({ reason, retry }: { reason: Refusal; retry: () => Promise<void> }) {
  const t = encryptionTexts.value
  const texts = { plain: t.plain, unlisted: t.missingManifest, changed: t.changed, older: t.older }
  return (
    <CentredCard icon="close" title={t.refusedTitle} text={texts[reason]} isBad>
      <button type="button" class="plain" onClick={() => void retry()}>
        <Icon name="again" />
        {commonTexts.value.tryAgain}
      </button>
    </CentredCard>
  )
}
