import { useSignal } from '@preact/signals'
import { KIND_ICONS, kindOf } from '../ui/file-kind.ts'
import { Icon } from '../ui/icon.tsx'
import { hasThumbnails, thumbnailUrl } from './links.ts'
import { isDirect, isLimited, type View, type ViewFile } from './view.ts'

/** Sharp on a screen of twice the density. */
const THUMBNAIL_PIXELS = 128

/** A small picture of a picture. Files that are download-limited or need a password have none. */
export function FilePicture({ view, one }: { view: View; one: ViewFile }) {
  const hasFailed = useSignal(false)
  const { file, path, isThere } = one
  const isPictured =
    isThere && hasThumbnails(file) && isDirect(view) && !isLimited(view.upload) && !view.upload.protectedByPassword
  const fail = () => {
    hasFailed.value = true
  }
  return (
    <span class="file-icon">
      {isPictured && !hasFailed.value ? (
        <img src={thumbnailUrl(view.upload, file, THUMBNAIL_PIXELS)} alt="" loading="lazy" onError={fail} />
      ) : (
        <Icon name={KIND_ICONS[kindOf({ name: path, type: file.fileType })]} />
      )}
    </span>
  )
}
