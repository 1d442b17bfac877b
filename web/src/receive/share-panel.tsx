import type { ComponentChildren } from 'preact'
import { sharingTexts } from '../lib/texts/sharing.ts'
import { CopyField } from '../ui/copy-field.tsx'
import { Icon } from '../ui/icon.tsx'
import { PageTitle } from '../ui/page-title.tsx'
import { ShareLink } from '../ui/share-link.tsx'
import { Commands } from './lazy-commands.ts'
import { linksOf } from './links.ts'
import type { View } from './view.ts'

/** The link in all forms for sharing. */
export function SharePanel({ view }: { view: View }) {
  const t = sharingTexts.value
  const { page, admin } = linksOf(view.upload, view.secret)
  if (isPassedOn(view)) return <Head title={t.passedOnTitle} text={t.passedOnText} />
  return (
    <Head title={t.readyTitle} text={view.secret === undefined ? t.readyText : t.readyEncryptedText}>
      <ShareLink label={t.link} url={page} text={t.shareText} />
      <details class="more">
        <summary>{t.more}</summary>
        <div class="stack">
          <Commands view={view} />
          {admin && <CopyField label={t.adminLink} text={admin} />}
        </div>
      </details>
    </Head>
  )
}

/** Whether all files of a stream were downloaded, so that the link is of no more use. */
const isPassedOn = ({ upload, files }: View): boolean =>
  upload.stream && files.length > 0 && files.every(({ file }) => file.status === 'deleted')

function Head({ title, text, children }: { title: string; text: string; children?: ComponentChildren }) {
  return (
    <section class="card share" aria-labelledby="share-title">
      <div class="share-head">
        <span class="mark good">
          <Icon name="check" size={24} />
        </span>
        <div>
          <PageTitle id="share-title">{title}</PageTitle>
          <p class="quiet">{text}</p>
        </div>
      </div>
      {children}
    </section>
  )
}
