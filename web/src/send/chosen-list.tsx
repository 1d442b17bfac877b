import { formatBytes } from '../lib/format.ts'
import { visibleName } from '../lib/visible-name.ts'
import { KIND_ICONS, kindOf } from '../ui/file-kind.ts'
import { FileName } from '../ui/file-name.tsx'
import { Icon } from '../ui/icon.tsx'
import { VisibleRows } from '../ui/visible-rows.tsx'
import type { ChosenFile } from './chosen-files.ts'
import { sendTexts } from './texts/send.ts'

export function ChosenList({ files, onRemove }: { files: ChosenFile[]; onRemove: (key: string) => void }) {
  const t = sendTexts.value
  return (
    <VisibleRows
      label={t.chosenFiles}
      files={files}
      from={[t]}
      row={({ key, path, bytes }) => (
        <li class="file">
          <span class="file-icon">
            <Icon name={KIND_ICONS[kindOf({ name: path, type: bytes.type })]} />
          </span>
          <FileName path={path} />
          <span class="file-facts">{formatBytes(bytes.size)}</span>
          <button type="button" class="bare" aria-label={t.removeFile(visibleName(path))} onClick={() => onRemove(key)}>
            <Icon name="close" />
          </button>
        </li>
      )}
    />
  )
}
