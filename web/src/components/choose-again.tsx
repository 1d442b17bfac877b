import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { errorText } from '../error-text.ts'
import { formatBytes } from '../format.ts'
import { sendTexts } from '../i18n/send.ts'
import { unfinishedTexts } from '../i18n/unfinished.ts'
import type { ChosenAgain } from '../sending/begun.ts'
import type { ChosenFile } from '../sending/chosen-files.ts'
import { matched } from '../sending/matching.ts'
import type { Unfinished } from '../sending/unfinished.ts'
import { ChooseButton } from './drop-zone.tsx'
import { FileName } from './file-name.tsx'
import { Icon } from './icon.tsx'

interface Props {
  upload: Unfinished
  goOn: (matches: ChosenAgain[]) => Promise<void>
  /** What else can be done with them. */
  children?: ComponentChildren
}

/** The files of an upload that can be resumed once they are chosen again. */
export function ChooseAgain({ upload, goOn, children }: Props) {
  const t = unfinishedTexts.value
  const problem = useSignal<string | undefined>(undefined)

  async function goOnWith(files: ChosenFile[]): Promise<void> {
    const matches = matched(upload.files, files)
    problem.value = matches.length > 0 ? undefined : t.unfinishedOther
    if (matches.length === 0) return
    await goOn(matches).catch((error: unknown) => {
      problem.value = errorText(error)
    })
  }

  return (
    <>
      <ul class="files" aria-label={t.unfinishedFiles}>
        {upload.files.map(({ key, path, size }) => (
          <li key={key} class="file">
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
        {upload.files.some(({ path }) => path.includes('/')) && (
          <ChooseButton label={sendTexts.value.chooseFolder} onFiles={(files) => void goOnWith(files)} isFolder />
        )}
        {children}
      </div>
    </>
  )
}
