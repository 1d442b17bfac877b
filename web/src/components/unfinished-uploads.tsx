import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ApiError, getUpload } from '../api.ts'
import { errorText } from '../error-text.ts'
import { formatBytes } from '../format.ts'
import { sendTexts } from '../i18n/send.ts'
import type { ChosenFile } from '../sending/chosen-files.ts'
import { isSame, resume } from '../sending/sending.ts'
import { isPresent } from '../sending/tabs.ts'
import { forgetUnfinished, type Unfinished, unfinished } from '../sending/unfinished.ts'
import { ChooseButton } from './drop-zone.tsx'
import { FileName } from './file-name.tsx'
import { Icon } from './icon.tsx'
import { Notice } from './notice.tsx'

/** What a closed page, or a browser that crashed, has left. */
export function UnfinishedUploads() {
  useEffect(() => void forgetExpired(), [])
  return unfinished.value.map((upload) => <LeftOrElsewhere key={upload.uploadId} upload={upload} />)
}

/** As long as another tab sends it there is nothing to do; from when that tab is gone it can be gone on with here. */
function LeftOrElsewhere({ upload }: { upload: Unfinished }) {
  const t = sendTexts.value
  const isElsewhere = upload.tab === undefined ? false : isPresent(upload.tab).value
  if (isElsewhere === undefined) return null
  if (!isElsewhere) return <UnfinishedUpload upload={upload} />
  return (
    <Notice icon="upload" title={t.elsewhereTitle(upload.files.length)}>
      <p class="quiet">{t.elsewhereText}</p>
    </Notice>
  )
}

async function forgetExpired(): Promise<void> {
  for (const { uploadId, token } of unfinished.value) {
    await getUpload(uploadId, { token }).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) forgetUnfinished(uploadId)
    })
  }
}

function UnfinishedUpload({ upload }: { upload: Unfinished }) {
  const t = sendTexts.value
  const problem = useSignal<string | undefined>(undefined)

  async function goOn(files: ChosenFile[]): Promise<void> {
    const hasAny = upload.files.some((left) => files.some((file) => isSame(file, left)))
    problem.value = hasAny ? undefined : t.unfinishedOther
    if (hasAny) {
      await resume(upload, files).catch((error: unknown) => {
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
        <ChooseButton label={t.unfinishedChoose} onFiles={(files) => void goOn(files)} isPrimary />
        <button type="button" class="plain" onClick={() => forgetUnfinished(upload.uploadId)}>
          <Icon name="close" />
          {t.unfinishedForget}
        </button>
      </div>
    </section>
  )
}
