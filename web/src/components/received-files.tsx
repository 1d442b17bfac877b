import { useSignal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { ApiError, removeFile } from '../api.ts'
import { errorText } from '../error-text.ts'
import { KIND_ICONS, kindOf } from '../file-kind.ts'
import { formatBytes, formatDuration } from '../format.ts'
import { uploadTexts } from '../i18n/upload.ts'
import { fetchFile, fetchFiles, isDirect } from '../receiving/fetch-file.ts'
import { archiveUrl, saveUrl, thumbnailUrl } from '../receiving/links.ts'
import { previewKind } from '../receiving/preview.ts'
import { TooLargeError } from '../receiving/save.ts'
import { isLimited, type View, type ViewFile } from '../receiving/view.ts'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { FileName } from './file-name.tsx'
import { Icon } from './icon.tsx'
import type { PreviewDialog } from './preview-dialog.tsx'
import { ProgressBar } from './progress-bar.tsx'
import { RemovedData } from './removed-data.tsx'

/** Sharp on a screen of twice the density. */
const THUMBNAIL_PIXELS = 128

interface Props {
  view: View
  reload: () => Promise<void>
}

export function ReceivedFiles({ view, reload }: Props) {
  const t = uploadTexts.value
  const { upload, files } = view
  const selected = useSignal<ReadonlySet<string>>(new Set())
  const available = files.filter(({ isThere }) => isThere)
  const canSelect = available.length > 1 && !upload.stream
  if (files.every(({ file }) => file.status === 'deleted'))
    return <p class="quiet">{upload.admin ? t.emptyAdmin : t.emptyText}</p>

  function toggle(id: string): void {
    const next = new Set(selected.value)
    if (!next.delete(id)) next.add(id)
    selected.value = next
  }

  return (
    <>
      <ul class="files" aria-label={t.files}>
        {files.map((one) => (
          <ReceivedFile
            key={one.file.id}
            view={view}
            one={one}
            reload={reload}
            isSelected={selected.value.has(one.file.id)}
            onSelect={canSelect && one.isThere ? () => toggle(one.file.id) : undefined}
          />
        ))}
      </ul>
      {canSelect && (
        <ArchiveButton view={view} selected={available.filter(({ file }) => selected.value.has(file.id))} />
      )}
    </>
  )
}

function ArchiveButton({ view, selected }: { view: View; selected: ViewFile[] }) {
  const t = uploadTexts.value
  const total = view.files.reduce((sum, { size, isThere }) => sum + (isThere ? size : 0), 0)
  const url = archiveUrl(
    view.upload,
    selected.map(({ file }) => file.id),
  )
  const label =
    selected.length === 0
      ? t.downloadAll(formatBytes(total))
      : view.secret === undefined
        ? t.downloadSelected(selected.length)
        : t.downloadSome(selected.length)
  if (!isDirect(view)) return <FetchAllButton view={view} selected={selected} label={label} />
  return (
    <a class="button primary large" href={url} download>
      <Icon name="archive" />
      {label}
    </a>
  )
}

/** What passes through the page takes as long as it is fetched. */
function FetchAllButton({ view, selected, label }: { view: View; selected: ViewFile[]; label: string }) {
  const fetched = useSignal<number | undefined>(undefined)
  const problem = useSignal<string | undefined>(undefined)

  async function fetchAll(): Promise<void> {
    problem.value = undefined
    fetched.value = 0
    const files = selected.length > 0 ? selected : view.files.filter(({ isThere }) => isThere)
    try {
      await fetchFiles(view, files, (share) => {
        fetched.value = share
      })
    } catch (error) {
      problem.value = refusalText(error)
    }
    fetched.value = undefined
  }

  return (
    <>
      <button
        type="button"
        class="primary large"
        disabled={fetched.value !== undefined}
        onClick={() => void fetchAll()}
      >
        <Icon name={view.secret === undefined ? 'archive' : 'download'} />
        {label}
      </button>
      {fetched.value !== undefined && <ProgressBar sent={fetched.value} total={1} label={label} />}
      {problem.value && (
        <p class="bad" role="alert">
          {problem.value}
        </p>
      )}
    </>
  )
}

interface FileProps extends Props {
  one: ViewFile
  isSelected: boolean
  onSelect: (() => void) | undefined
}

function ReceivedFile({ view, one, reload, isSelected, onSelect }: FileProps) {
  const t = uploadTexts.value
  const { path, isThere, file } = one
  const { upload } = view
  const isAsking = useSignal(false)
  const problem = useSignal<string | undefined>(undefined)
  const fetched = useSignal<number | undefined>(undefined)

  async function save(event: MouseEvent): Promise<void> {
    if (isDirect(view) && !isLimited(upload)) return // the browser follows the link
    event.preventDefault()
    problem.value = undefined
    try {
      await fetchFile(view, one, (share) => {
        fetched.value = share
      })
    } catch (error) {
      problem.value = refusalText(error)
    }
    fetched.value = undefined
  }

  return (
    <li class={`file ${isThere ? '' : 'absent'}`}>
      <FileIcon view={view} one={one} />
      <FileName path={path} />
      <span class="file-facts">{isThere ? formatBytes(one.size) : stateOf(one)}</span>
      <span class="file-actions">
        {onSelect && <input type="checkbox" aria-label={t.selectFile(path)} checked={isSelected} onChange={onSelect} />}
        <PreviewButton view={view} one={one} />
        {isThere && (upload.admin || upload.removable) && (
          <button
            type="button"
            class="bare"
            aria-label={t.deleteFile(path)}
            onClick={() => {
              isAsking.value = true
            }}
          >
            <Icon name="trash" />
          </button>
        )}
        {isThere && (
          <a
            class="button bare"
            href={saveUrl(upload, file)}
            download
            aria-label={t.downloadFile(path)}
            onClick={(event) => void save(event)}
          >
            <Icon name="download" />
          </a>
        )}
      </span>
      {fetched.value !== undefined && <ProgressBar sent={fetched.value} total={1} label={t.fetching(path)} />}
      {problem.value && (
        <p class="file-note bad" role="alert">
          {problem.value}
        </p>
      )}
      <RemovedData file={file} />
      {isAsking.value && (
        <ConfirmDialog
          title={t.deleteFile(path)}
          text={t.deleteFileSure(path)}
          onConfirm={async () => {
            await removeFile(upload.id, file, view.access)
            await reload()
          }}
          onClose={() => {
            isAsking.value = false
          }}
        />
      )}
    </li>
  )
}

function PreviewButton({ view, one }: { view: View; one: ViewFile }) {
  const kind = previewKind(view, one)
  const shown = useSignal<{ Dialog: ComponentType<Parameters<typeof PreviewDialog>[0]> } | undefined>(undefined)
  if (!kind) return null

  async function show(): Promise<void> {
    shown.value = { Dialog: (await import('./preview-dialog.tsx')).PreviewDialog }
  }

  return (
    <>
      <button type="button" class="bare" aria-label={uploadTexts.value.preview(one.path)} onClick={() => void show()}>
        <Icon name="eye" />
      </button>
      {shown.value && (
        <shown.value.Dialog
          view={view}
          file={one}
          kind={kind}
          onClose={() => {
            shown.value = undefined
          }}
        />
      )}
    </>
  )
}

/** A small picture of a picture. Of what may be fetched only so often, or needs a password, there is none. */
function FileIcon({ view, one }: { view: View; one: ViewFile }) {
  const hasFailed = useSignal(false)
  const { file, path, isThere } = one
  const isPictured =
    isThere && file.image && isDirect(view) && !isLimited(view.upload) && !view.upload.protectedByPassword
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

function stateOf({ file }: ViewFile): string {
  const t = uploadTexts.value
  if (file.status === 'missing') return t.missing
  return file.status === 'uploading' ? t.uploading : t.fetched
}

/** Why a file can't be had just now. */
function refusalText(error: unknown): string {
  const t = uploadTexts.value
  if (error instanceof TooLargeError) return t.tooLargeForPage
  if (!(error instanceof ApiError)) return t.notOpened
  if (error.status === 423)
    return error.retryAfterSeconds ? t.claimedFor(formatDuration(error.retryAfterSeconds)) : t.claimed
  return error.status === 404 ? t.fileGone : errorText(error)
}
