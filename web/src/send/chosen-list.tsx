import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
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
      keyOf={({ key }) => key}
      from={[t]}
      row={(file) => <Chosen file={file} onRemove={onRemove} />}
    />
  )
}

function Chosen({ file: { key, path, bytes }, onRemove }: { file: ChosenFile; onRemove: (key: string) => void }) {
  const t = sendTexts.value
  const hasAuthor = useSignal(false)
  useEffect(() => {
    if (!mayNameAuthor(path)) return
    const look = async () => {
      hasAuthor.value = await (await import('./author.ts')).namesAuthor(bytes)
    }
    look().catch(() => {}) // an unreadable file is reported when it is sent
  }, [])
  return (
    <li class="file">
      <span class="file-icon">
        <Icon name={KIND_ICONS[kindOf({ name: path, type: bytes.type })]} />
      </span>
      <FileName path={path} />
      <span class="file-facts">{formatBytes(bytes.size)}</span>
      <button type="button" class="bare" aria-label={t.removeFile(visibleName(path))} onClick={() => onRemove(key)}>
        <Icon name="close" />
      </button>
      {hasAuthor.value && (
        <span class="tag">
          <Icon name="person" size={16} />
          {t.namesAuthor}
        </span>
      )}
    </li>
  )
}

/** Whether documents of this type can name an author. */
const mayNameAuthor = (name: string): boolean => /\.(?:pdf|(?:doc|xls|ppt)[xm])$/i.test(name)
