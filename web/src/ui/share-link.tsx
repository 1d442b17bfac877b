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
  /** Text that is shared together with the link. */
  text: string
}

/** A link with ways to share it: copy, the share sheet of the device, QR code. */
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

/** Opens the share sheet of the device. Closing it is not an error. */
async function openSheet(url: string, text: string): Promise<void> {
  try {
    await navigator.share({ title: 'Mayfly', text, url })
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw new Error(sharingTexts.value.shareFailed, { cause: error })
  }
}
