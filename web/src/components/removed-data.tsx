import type { FileJson } from '../api.ts'
import { pictureTexts } from '../i18n/pictures.ts'
import { Icon } from './icon.tsx'

/** What a photo or a video carried with it that nobody was meant to see, and that is gone. */
export function RemovedData({ file }: { file: FileJson | undefined }) {
  const removed = (file?.image ?? file?.media)?.removed ?? []
  if (removed.length === 0) return null
  const t = pictureTexts.value
  return (
    <span class="tag good">
      <Icon name="shield" size={16} />
      {t.removedFromPhoto(removed.map((what) => t[what]).join(', '))}
    </span>
  )
}
