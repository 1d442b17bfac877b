import type { FileJson } from '../api.ts'
import { pictureTexts } from '../i18n/pictures.ts'
import { Icon } from './icon.tsx'

/** What a photo or a video carried with it that nobody was meant to see: that it is gone, or that it is still there. */
export function RemovedData({ file }: { file: FileJson | undefined }) {
  const { removed = [], status, reason, remaining = [] } = file?.image ?? file?.media ?? {}
  const t = pictureTexts.value
  if (status === 'unchanged' && reason !== undefined)
    return (
      <span class="tag bad">
        <Icon name="eye" size={16} />
        {remaining.includes('gps') ? t.stillHasPlace : t.mayHavePlace}
      </span>
    )
  if (removed.length === 0) return null
  return (
    <span class="tag good">
      <Icon name="shield" size={16} />
      {t.removedFromPhoto(removed.map((what) => t[what]).join(', '))}
    </span>
  )
}
