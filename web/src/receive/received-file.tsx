import { formatBytes, formatNumber } from '../lib/format.ts'
import { visibleName } from '../lib/visible-name.ts'
import { FileName } from '../ui/file-name.tsx'
import { Icon } from '../ui/icon.tsx'
import { lazy } from '../ui/lazy.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'
import { RemovedData } from '../ui/removed-data.tsx'
import { DownloadButton } from './download-button.tsx'
import { FileImage } from './file-image.tsx'
import { Refusal } from './refusal.tsx'
import { uploadTexts } from './texts/upload.ts'
import { useFetching } from './use-fetching.ts'
import { isAskedAgain, type View, type ViewFile } from './view.ts'

/** Loaded on demand: most visitors may not delete files. */
const DeleteButton = lazy(async () => (await import('./delete-button.tsx')).DeleteButton, { isExtra: true })

interface Props {
  view: View
  one: ViewFile
  /** Loads the upload again. */
  reload: () => Promise<void>
  /** The only file of the upload, which gets a large download button. */
  isOnly: boolean
  isSelected: boolean
  /** Undefined: nothing can be selected. */
  onSelect: (() => void) | undefined
  /** Undefined: there is no preview. */
  onLook: (() => void) | undefined
}

/** One file with its actions. */
export function ReceivedFile({ view, one, reload, isOnly, isSelected, onSelect, onLook }: Props) {
  const t = uploadTexts.value
  const { isThere, isForeign, file } = one
  const path = visibleName(one.path)
  const fetching = useFetching()
  const progress = fetching.progress.value
  return (
    <li class={`file ${isThere ? '' : 'absent'}`}>
      <FileImage view={view} one={one} />
      <FileName path={path} />
      <span class="file-facts">
        {progress ? t.progressOf(formatBytes(progress.read), formatBytes(progress.total)) : factsOf(one)}
      </span>
      <span class="file-actions">
        {onSelect && <input type="checkbox" aria-label={t.selectFile(path)} checked={isSelected} onChange={onSelect} />}
        {onLook && (
          <button type="button" class="bare" data-look={file.id} aria-label={t.preview(path)} onClick={onLook}>
            <Icon name="eye" />
          </button>
        )}
        {(isThere || isForeign) && (view.upload.admin || view.upload.removable) && (
          <DeleteButton view={view} one={one} reload={reload} />
        )}
        {(isThere || progress) && !isOnly && (
          <DownloadButton view={view} one={one} reload={reload} fetching={fetching} />
        )}
      </span>
      {progress && <ProgressBar sent={progress.read} total={progress.total} label={t.fetching(path)} />}
      {fetching.problem.value && <Refusal view={view} files={[one]} error={fetching.problem.value.error} />}
      {isForeign && <p class="file-note bad">{t.foreign}</p>}
      {isThere && isAskedAgain(view, one.size) && <p class="file-note quiet">{t.askedAgain}</p>}
      <RemovedData file={file} />
      {(isThere || progress) && isOnly && (
        <div class="file-main">
          <DownloadButton view={view} one={one} reload={reload} fetching={fetching} isMain />
        </div>
      )}
    </li>
  )
}

/** The size, or the reason why the file is not available. */
function factsOf({ isThere, isForeign, size, file }: ViewFile): string {
  const t = uploadTexts.value
  if (isThere && file.downloadsLeft !== undefined)
    return `${formatBytes(size)} · ${t.downloadsLeft(formatNumber(file.downloadsLeft), file.downloadsLeft)}`
  if (isThere || isForeign) return formatBytes(size)
  if (file.status === 'missing') return t.missing
  return file.status === 'uploading' ? t.uploading : t.fetched
}
