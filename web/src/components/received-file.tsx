import { removeFile } from '../api.ts'
import { formatBytes, formatNumber } from '../format.ts'
import { commonTexts } from '../i18n/common.ts'
import { uploadTexts } from '../i18n/upload.ts'
import { saveUrl } from '../receiving/links.ts'
import { isAskedAgain, isDirect, isLimited, type View, type ViewFile } from '../receiving/view.ts'
import { visibleName } from '../visible-name.ts'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { DialogButton } from './dialog-button.tsx'
import { FileName } from './file-name.tsx'
import { FilePicture } from './file-picture.tsx'
import { Icon } from './icon.tsx'
import { PreviewButton } from './preview-button.tsx'
import { ProgressBar } from './progress-bar.tsx'
import { Refusal } from './refusal.tsx'
import { RemovedData } from './removed-data.tsx'
import { useFetching } from './use-fetching.ts'

interface Props {
  view: View
  one: ViewFile
  /** Looks whether there is news. */
  reload: () => Promise<void>
  /** There is no other, so fetching it is what people came for. */
  isOnly: boolean
  isSelected: boolean
  /** Undefined: there is nothing to choose from. */
  onSelect: (() => void) | undefined
}

/** One file, and all that can be done with it. */
export function ReceivedFile({ view, one, reload, isOnly, isSelected, onSelect }: Props) {
  const t = uploadTexts.value
  const { isThere, isForeign, file } = one
  const path = visibleName(one.path)
  const fetching = useFetching()
  const progress = fetching.progress.value
  return (
    <li class={`file ${isThere ? '' : 'absent'}`}>
      <FilePicture view={view} one={one} />
      <FileName path={path} />
      <span class="file-facts">
        {progress ? t.progressOf(formatBytes(progress.read), formatBytes(progress.total)) : factsOf(one)}
      </span>
      <span class="file-actions">
        {onSelect && <input type="checkbox" aria-label={t.selectFile(path)} checked={isSelected} onChange={onSelect} />}
        <PreviewButton view={view} one={one} />
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

interface DownloadProps extends Pick<Props, 'view' | 'one' | 'reload'> {
  fetching: ReturnType<typeof useFetching>
  /** In words, and large. */
  isMain?: boolean
}

/** A link where the browser can follow it, once the server was asked; else a button, which ends what it has begun. */
export function DownloadButton({ view, one, reload, fetching, isMain = false }: DownloadProps) {
  const t = uploadTexts.value
  const { file } = one
  const path = visibleName(one.path)
  const isRunning = fetching.progress.value !== undefined
  const words = isMain && (isRunning ? commonTexts.value.cancel : t.download)
  const look = isMain ? `large ${isRunning ? 'plain' : 'primary'}` : 'bare'

  async function begin(): Promise<void> {
    const isDone = await fetching.run(async (run) =>
      (await import('../receiving/fetch-file.ts')).fetchFile(view, one, run),
    )
    if (isDone && isLimited(view.upload)) await reload()
  }

  if (!isDirect(view, one.size))
    return (
      <button
        type="button"
        class={look}
        aria-label={isRunning ? t.cancelFetching(path) : t.downloadFile(path)}
        onClick={() => (isRunning ? fetching.cancel() : void begin())}
      >
        <Icon name={isRunning ? 'close' : 'download'} />
        {words}
      </button>
    )
  const ask = (event: MouseEvent) => {
    event.preventDefault()
    void begin()
  }
  return (
    <a class={`button ${look}`} href={saveUrl(view.upload, file)} aria-label={t.downloadFile(path)} onClick={ask}>
      <Icon name="download" />
      {words}
    </a>
  )
}

function DeleteButton({ view, one, reload }: Pick<Props, 'view' | 'one' | 'reload'>) {
  const t = uploadTexts.value
  const { file } = one
  const path = visibleName(one.path)
  return (
    <DialogButton icon="trash" label={t.deleteFile(path)} look="bare">
      {(close) => (
        <ConfirmDialog
          title={t.deleteFile(path)}
          text={t.deleteFileSure(path)}
          onConfirm={async () => {
            if (view.manifest) await (await import('../sending/manifest-changes.ts')).unlist(view, one)
            await removeFile(view.upload.id, file, view.access)
            await reload()
          }}
          onClose={close}
        />
      )}
    </DialogButton>
  )
}

/** Its size, or why it has none. */
function factsOf({ isThere, isForeign, size, file }: ViewFile): string {
  const t = uploadTexts.value
  if (isThere && file.downloadsLeft !== undefined)
    return `${formatBytes(size)} · ${t.downloadsLeft(formatNumber(file.downloadsLeft), file.downloadsLeft)}`
  if (isThere || isForeign) return formatBytes(size)
  if (file.status === 'missing') return t.missing
  return file.status === 'uploading' ? t.uploading : t.fetched
}
