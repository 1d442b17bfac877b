import { sharingTexts } from '../i18n/sharing.ts'
import { uploadTexts } from '../i18n/upload.ts'
import { commandOf } from '../receiving/commands.ts'
import type { View } from '../receiving/view.ts'
import { CopyField } from './copy-field.tsx'

/** How to fetch everything without a browser. */
export function Commands({ view }: { view: View }) {
  return (
    <CopyField
      label={view.secret === undefined ? sharingTexts.value.curl : uploadTexts.value.curlAge}
      text={commandOf(view)}
      isCommand
    />
  )
}
