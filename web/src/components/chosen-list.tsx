import { KIND_ICONS, kindOf } from '../file-kind.ts'
import { formatBytes } from '../format.ts'
import { sendTexts } from '../i18n/send.ts'
import type { ChosenFile } from '../sending/chosen-files.ts'
import { visibleName } from '../visible-name.ts'
import { FileName } from './file-name.tsx'
import { Icon } from './icon.tsx'
import { VisibleRows } from './visible-rows.tsx'

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
