import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { errorText } from '../lib/error-text.ts'
import { formatBytes } from '../lib/format.ts'
import { FileName } from '../ui/file-name.tsx'
import { Icon } from '../ui/icon.tsx'
import type { ChosenFile } from './chosen-files.ts'
import { ChooseButton } from './drop-zone.tsx'
import { matched } from './matching.ts'
import type { ChosenAgain } from './resume-check.ts'
import { sendTexts } from './texts/send.ts'
import { unfinishedTexts } from './texts/unfinished.ts'
import type { Unfinished } from './unfinished.ts'

interface Props {
  upload: Unfinished
  goOn: (matches: ChosenAgain[]) => Promise<void>
  /** Additional actions. */
  children?: ComponentChildren
}

/** Lets the user choose the files of an interrupted upload again, to resume it. */
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
