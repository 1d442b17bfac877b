import { useSignal } from '@preact/signals'
import { sharingTexts } from '../lib/texts/sharing.ts'
import { CopyButton } from './copy-button.tsx'
import { Icon } from './icon.tsx'
import { Notice } from './notice.tsx'
import { QrCode } from './qr-code.tsx'
import { useAction } from './use-action.ts'

interface Props {
  label: string
  url: string
  /** What the device hands on with it. */
  text: string
}

/** A link that is to be handed on: read, copied, by way of the device's own sheet, or photographed. */
export function ShareLink({ label, url, text }: Props) {
  const t = sharingTexts.value
  const hasQr = useSignal(false)
  const { act, problem } = useAction()
  return (
    <>
      <input
        class="share-link"
        readOnly
        aria-label={label}
        value={url}
        onFocus={(event) => event.currentTarget.select()}
      />
      <div class="buttons start">
        <CopyButton text={url} label={t.copyLink} isPrimary />
        {'share' in navigator && (
          <button type="button" class="plain" onClick={() => void act(() => openSheet(url, text))}>
            <Icon name="share" />
            {t.shareLink}
          </button>
        )}
        <button
          type="button"
          class="plain"
          aria-expanded={hasQr.value}
          onClick={() => {
            hasQr.value = !hasQr.value
          }}
        >
          <Icon name="qr" />
          {t.qrCode}
        </button>
      </div>
      {problem.value && <Notice tone="bad" title={problem.value} />}
      {hasQr.value && <QrCode text={url} label={t.qrAlt} />}
    </>
  )
}

/** Opens the device's own sheet; people who turn it away have changed their minds. */
async function openSheet(url: string, text: string): Promise<void> {
  try {
    await navigator.share({ title: 'Mayfly', text, url })
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw new Error(sharingTexts.value.shareFailed, { cause: error })
  }
}
