import type { DataReport } from '../lib/cleaned-here.ts'
import { imageTexts } from '../lib/texts/images.ts'
import { Icon } from './icon.tsx'

/** Shows which metadata was removed from a photo or video, or is still in it. */
export function DataNotice({ report: { removed, remaining } }: { report: DataReport }) {
  const t = imageTexts.value
  if (remaining)
    return (
      <span class="tag bad">
        <Icon name="eye" size={16} />
        {remaining.includes('gps') ? t.stillHasPlace : t.mayHavePlace}
      </span>
    )
  return (
    <span class="tag good">
      <Icon name="shield" size={16} />
      {t.removedFromPhoto(removed.map((what) => t[what]).join(', '))}
    </span>
  )
}
