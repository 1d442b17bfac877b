import { uploadTexts } from '../i18n/upload.ts'
import { linksOf } from '../receiving/links.ts'
import type { View } from '../receiving/view.ts'
import { CopyField } from './copy-field.tsx'
import { Icon } from './icon.tsx'
import { Commands } from './lazy-commands.ts'
import { PageTitle } from './page-title.tsx'
import { ShareLink } from './share-link.tsx'

/** The link, in every form in which it can be handed on. */
export function SharePanel({ view }: { view: View }) {
  const t = uploadTexts.value
  const { page, admin } = linksOf(view.upload, view.secret)
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
      <ShareLink label={t.link} url={page} text={t.shareText} />
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
