import { sharingTexts } from '../lib/texts/sharing.ts'
import { CopyField } from '../ui/copy-field.tsx'
import { commandOf } from './commands.ts'
import { uploadTexts } from './texts/upload.ts'
import type { View } from './view.ts'

/** Commands to download all files from a terminal. */
export function Commands({ view }: { view: View }) {
  return (
    <CopyField
      label={view.secret === undefined ? sharingTexts.value.curl : uploadTexts.value.curlAge}
      text={commandOf(view)}
      isCommand
    />
  )
}
