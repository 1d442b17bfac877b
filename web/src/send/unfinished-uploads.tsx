import { useEffect } from 'preact/hooks'
import { MayflyError } from '../../../client/src/errors.ts'
import { getUpload } from '../lib/api.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { DialogButton } from '../ui/dialog-button.tsx'
import { Notice } from '../ui/notice.tsx'
import { ChooseAgain } from './choose-again.tsx'
import { giveUp } from './give-up.ts'
import { resume } from './resume.ts'
import type { ChosenAgain } from './resume-check.ts'
import { isPresent } from './tabs.ts'
import { unfinishedTexts } from './texts/unfinished.ts'
import { forgetUnfinished, type Unfinished, unfinished } from './unfinished.ts'

/** Unfinished uploads of a page that was closed, or a browser that crashed. */
export function UnfinishedUploads() {
  useEffect(() => void forgetExpired(), [])
  return own().map((upload) => (
    <UnfinishedUpload
      key={upload.uploadId}
      upload={upload}
      goOn={(matches) => resume(upload, matches)}
      giveUp={() => giveUp(upload)}
    />
  ))
}

const own = (): Unfinished[] => unfinished.value.filter(({ isGuest }) => !isGuest)

interface Props {
  upload: Unfinished
  goOn: (matches: ChosenAgain[]) => Promise<void>
  giveUp: () => Promise<void>
}

/** Shows that another tab is sending the upload; once that tab is closed, the upload can be resumed here. */
export function UnfinishedUpload(props: Props) {
  const t = unfinishedTexts.value
  const { upload } = props
  const isElsewhere = upload.tab === undefined ? false : isPresent(upload.tab).value
  if (isElsewhere === undefined) return null
  if (!isElsewhere) return <Left {...props} />
  return (
    <Notice icon="upload" title={t.elsewhereTitle(upload.files.length)}>
      <p class="quiet">{t.elsewhereText}</p>
    </Notice>
  )
}

async function forgetExpired(): Promise<void> {
  for (const { uploadId, token } of own()) {
    await getUpload(uploadId, { token }).catch((error: unknown) => {
      if (error instanceof MayflyError && error.status === 404) forgetUnfinished(uploadId)
    })
  }
}

function Left({ upload, goOn, giveUp }: Props) {
  const t = unfinishedTexts.value
  return (
    <section class="card unfinished" aria-label={t.unfinishedTitle}>
      <div>
        <h2>{t.unfinishedTitle}</h2>
        <p class="quiet">{t.unfinishedText}</p>
      </div>
      <ChooseAgain upload={upload} goOn={goOn}>
        <DialogButton icon="trash" label={t.giveUp}>
          {(close) => (
            <ConfirmDialog
              title={t.giveUp}
              text={upload.isShared ? t.giveUpShared : t.giveUpNew}
              onConfirm={giveUp}
              onClose={close}
            />
          )}
        </DialogButton>
      </ChooseAgain>
    </section>
  )
}
