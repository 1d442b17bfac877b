import { useSignal } from '@preact/signals'
import { KIND_ICONS, kindOf } from '../ui/file-kind.ts'
import { Icon } from '../ui/icon.tsx'
import { thumbnailUrl } from './links.ts'
import { thumbnailBy } from './preview-kind.ts'
import type { View, ViewFile } from './view.ts'

/** Twice the displayed size, for high-density screens. */
const THUMBNAIL_PIXELS = 128

/** A thumbnail that the browser loads by itself. */
export function FileImage({ view, one }: { view: View; one: ViewFile }) {
  const hasFailed = useSignal(false)
  const { file, path } = one
  const fail = () => {
    hasFailed.value = true
  }
  return (
    <span class="file-icon">
      {thumbnailBy(view, one) === 'browser' && !hasFailed.value ? (
        <img src={thumbnailUrl(view.upload, file, { width: THUMBNAIL_PIXELS })} alt="" loading="lazy" onError={fail} />
      ) : (
        <Icon name={KIND_ICONS[kindOf({ name: path, type: file.fileType })]} />
      )}
    </span>
  )
}
