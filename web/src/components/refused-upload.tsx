import { commonTexts } from '../i18n/common.ts'
import { encryptionTexts } from '../i18n/encryption.ts'
import type { Refusal } from '../receiving/received.ts'
import { CentredCard } from './centred-card.tsx'
import { Icon } from './icon.tsx'

/** Why nothing of an upload is shown that is not what its link promises. */
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
