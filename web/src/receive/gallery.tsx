import { useMemo } from 'preact/hooks'
import { visibleName } from '../lib/visible-name.ts'
import { DataNotice } from '../ui/data-notice.tsx'
import { reportOf } from '../ui/removed-data.tsx'
import { galleryTexts } from './texts/gallery.ts'
import { uploadTexts } from './texts/upload.ts'
import { Thumbnail } from './thumbnail.tsx'
import type { View, ViewFile } from './view.ts'
import './gallery.css'

interface Props {
  view: View
  /** Images and videos. */
  files: ViewFile[]
  /** Ids of the selected files. */
  selected: ReadonlySet<string>
  /** Undefined: nothing can be selected. */
  onSelect: ((id: string) => void) | undefined
  onLook: (one: ViewFile) => void
}

/** Images and videos in a grid. Those far from the visible area are not loaded, so that hundreds scroll smoothly. */
export function Gallery({ files, selected, ...props }: Props) {
  return (
    <ul class="gallery" aria-label={galleryTexts.value.gallery}>
      {files.map((one) => (
        <Tile key={one.file.id} one={one} isSelected={selected.has(one.file.id)} {...props} />
      ))}
    </ul>
  )
}

interface TileProps extends Pick<Props, 'view' | 'onSelect' | 'onLook'> {
  one: ViewFile
  isSelected: boolean
}

/** Rendered again only when its props change: selecting one of hundreds renders one. */
function Tile(props: TileProps) {
  const t = uploadTexts.value
  return useMemo(() => <li class="tile">{contentOf(props)}</li>, [props.view, props.one, props.isSelected, t])
}

function contentOf({ view, one, isSelected, onSelect, onLook }: TileProps) {
  const t = uploadTexts.value
  const { id } = one.file
  const path = visibleName(one.path)
  const report = reportOf(one.file)
  return (
    <>
      <button type="button" data-look={id} title={path} aria-label={t.preview(path)} onClick={() => onLook(one)}>
        <Thumbnail view={view} one={one} />
      </button>
      {onSelect && (
        <input type="checkbox" aria-label={t.selectFile(path)} checked={isSelected} onChange={() => onSelect(id)} />
      )}
      {report?.remaining && <DataNotice report={report} />}
    </>
  )
}
