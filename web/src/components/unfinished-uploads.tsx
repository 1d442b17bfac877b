import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ApiError, getUpload } from '../api.ts'
import { errorText } from '../error-text.ts'
import { formatBytes } from '../format.ts'
import { sendTexts } from '../i18n/send.ts'
import { type ChosenFile, isSame } from '../sending/chosen-files.ts'
import { resume } from '../sending/sending.ts'
import { isPresent } from '../sending/tabs.ts'
import { forgetUnfinished, type Unfinished, unfinished } from '../sending/unfinished.ts'
import { ChooseButton } from './drop-zone.tsx'
import { FileName } from './file-name.tsx'
import { Icon } from './icon.tsx'
import { Notice } from './notice.tsx'

/** What a closed page, or a browser that crashed, has left. */
export function UnfinishedUploads() {
  useEffect(() => void forgetExpired(), [])
  return own().map((upload) => (
    <UnfinishedUpload
      key={upload.uploadId}
      upload={upload}
      goOn={(files) => resume(upload, files)}
      forget={() => forgetUnfinished(upload.uploadId)}
    />
  ))
}

const own = (): Unfinished[] => unfinished.value.filter(({ isGuest }) => !isGuest)

interface Props {
  upload: Unfinished
  /** Some of `files` are those that are missing. */
  goOn: (files: ChosenFile[]) => Promise<void>
  forget: () => void
}

/** As long as another tab sends it there is nothing to do; from when that tab is gone it can be gone on with here. */
export function UnfinishedUpload(props: Props) {
  const t = sendTexts.value
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
      if (error instanceof ApiError && error.status === 404) forgetUnfinished(uploadId)
    })
  }
}

function Left({ upload, goOn, forget }: Props) {
  const t = sendTexts.value
  const problem = useSignal<string | undefined>(undefined)

  async function goOnWith(files: ChosenFile[]): Promise<void> {
    const hasAny = upload.files.some((left) => files.some((file) => isSame(file, left)))
    problem.value = hasAny ? undefined : t.unfinishedOther
    if (hasAny) {
      await goOn(files).catch((error: unknown) => {
        problem.value = errorText(error)
      })
    }
  }

  return (
    <section class="card unfinished" aria-label={t.unfinishedTitle}>
      <div>
        <h2>{t.unfinishedTitle}</h2>
        <p class="quiet">{t.unfinishedText}</p>
      </div>
      <ul class="files" aria-label={t.unfinishedFiles}>
        {upload.files.map(({ fileId, path, size }) => (
          <li key={fileId} class="file">
            <span class="file-icon">
              <Icon name="again" />
            </span>
            <FileName path={path} />
            <span class="file-facts">{formatBytes(size)}</span>
          </li>
        ))}
      </ul>
      {problem.value && (
        <p class="bad" role="alert">
          {problem.value}
        </p>
      )}
      <div class="buttons start">
        <ChooseButton label={t.unfinishedChoose} onFiles={(files) => void goOnWith(files)} isPrimary />
        <button type="button" class="plain" onClick={forget}>
          <Icon name="close" />
          {t.unfinishedForget}
        </button>
      </div>
    </section>
  )
}
