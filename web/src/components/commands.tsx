import { uploadTexts } from '../i18n/upload.ts'
import { commandOf } from '../receiving/commands.ts'
import type { View } from '../receiving/view.ts'
import { CopyField } from './copy-field.tsx'

/** How to fetch everything without a browser. */
export function Commands({ view }: { view: View }) {
  const t = uploadTexts.value
  return <CopyField label={view.secret === undefined ? t.curl : t.curlAge} text={commandOf(view)} isCommand />
}
