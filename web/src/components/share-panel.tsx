import { useSignal } from '@preact/signals'
import { uploadTexts } from '../i18n/upload.ts'
import { lazy } from '../lazy.tsx'
import { linksOf } from '../receiving/links.ts'
import type { View } from '../receiving/view.ts'
import { CopyButton } from './copy-button.tsx'
import { CopyField } from './copy-field.tsx'
import { Icon } from './icon.tsx'
import { Notice } from './notice.tsx'
import { PageTitle } from './page-title.tsx'
import { QrCode } from './qr-code.tsx'
import { useAction } from './use-action.ts'

/** Few people look at them. */
export const Commands = lazy(async () => (await import('./commands.tsx')).Commands)

/** The link, in every form in which it can be handed on. */
export function SharePanel({ view }: { view: View }) {
  const t = uploadTexts.value
  const { page, admin } = linksOf(view.upload, view.secret)
  const hasQr = useSignal(false)
  const { act, problem } = useAction()
  return (
    <section class="card share" aria-labelledby="share-title">
      <div class="share-head">
        <span class="mark good">
          <Icon name="check" size={24} />
        </span>
        <div>
          <PageTitle id="share-title">{t.readyTitle}</PageTitle>
          <p class="quiet">{view.secret === undefined ? t.readyText : t.readyEncryptedText}</p>
        </div>
      </div>
      <input
        class="share-link"
        readOnly
        aria-label={t.link}
        value={page}
        onFocus={(event) => event.currentTarget.select()}
      />
      <div class="buttons start">
        <CopyButton text={page} label={t.copyLink} isPrimary />
        {'share' in navigator && (
          <button type="button" class="plain" onClick={() => void act(() => openSheet(page))}>
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
      {hasQr.value && <QrCode text={page} label={t.qrAlt} />}
      <details class="more">
        <summary>{t.more}</summary>
        <div class="stack">
          <Commands view={view} />
          {admin && <CopyField label={t.adminLink} text={admin} />}
        </div>
      </details>
    </section>
  )
}

/** Opens the device's own sheet; people who turn it away have changed their minds. */
async function openSheet(url: string): Promise<void> {
  const t = uploadTexts.value
  try {
    await navigator.share({ title: 'Mayfly', text: t.shareText, url })
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw new Error(t.shareFailed, { cause: error })
  }
}
