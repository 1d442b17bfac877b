import { useSignal } from '@preact/signals'
import { type Access, ApiError, type FileJson, headFile, type UploadJson } from '../api.ts'
import { errorText } from '../error-text.ts'
import { KIND_ICONS, kindOf } from '../file-kind.ts'
import { formatBytes, formatDuration } from '../format.ts'
import { uploadTexts } from '../i18n/upload.ts'
import { availableFiles } from '../receiving/commands.ts'
import { archiveUrl, fileUrl, saveUrl, thumbnailUrl } from '../receiving/links.ts'
import { pathOfName } from '../sending/folder-names.ts'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { FileName } from './file-name.tsx'
import { Icon } from './icon.tsx'
import { RemovedData } from './removed-data.tsx'

/** Sharp on a screen of twice the density. */
const THUMBNAIL_PIXELS = 128

interface Props {
  upload: UploadJson
  access: Access
  reload: () => Promise<void>
  onRemove: (file: FileJson) => Promise<unknown>
}

export function ReceivedFiles({ upload, access, reload, onRemove }: Props) {
  const t = uploadTexts.value
  const selected = useSignal<ReadonlySet<string>>(new Set())
  const files = upload.files ?? []
  const available = availableFiles(upload)
  const canSelect = available.length > 1 && !upload.stream
  if (files.length === 0 || available.length + files.filter(({ status }) => status !== 'deleted').length === 0)
    return <p class="quiet">{upload.admin ? t.emptyAdmin : t.emptyText}</p>

  function toggle(id: string): void {
    const next = new Set(selected.value)
    if (!next.delete(id)) next.add(id)
    selected.value = next
  }

  return (
    <>
      <ul class="files" aria-label={t.files}>
        {files.map((file) => (
          <ReceivedFile
            key={file.id}
            file={file}
            upload={upload}
            access={access}
            reload={reload}
            onRemove={onRemove}
            isSelected={selected.value.has(file.id)}
            onSelect={canSelect && available.includes(file) ? () => toggle(file.id) : undefined}
          />
        ))}
      </ul>
      {canSelect && <ArchiveButton upload={upload} selected={available.filter(({ id }) => selected.value.has(id))} />}
    </>
  )
}

function ArchiveButton({ upload, selected }: { upload: UploadJson; selected: FileJson[] }) {
  const t = uploadTexts.value
  const total = availableFiles(upload).reduce((sum, { fileSize }) => sum + fileSize, 0)
  const url = archiveUrl(
    upload,
    selected.map(({ id }) => id),
  )
  return (
    <a class="button primary large" href={url} download>
      <Icon name="archive" />
      {selected.length === 0 ? t.downloadAll(formatBytes(total)) : t.downloadSelected(selected.length)}
    </a>
  )
}

interface FileProps extends Props {
  file: FileJson
  isSelected: boolean
  onSelect: (() => void) | undefined
}

function ReceivedFile({ file, upload, access, reload, onRemove, isSelected, onSelect }: FileProps) {
  const t = uploadTexts.value
  const path = pathOfName(file.fileName)
  const isThere = availableFiles(upload).includes(file)
  const isAsking = useSignal(false)
  const problem = useSignal<string | undefined>(undefined)

  /** Links of limited files and streams may be refused, so they are asked first; that takes nothing. */
  async function save(event: MouseEvent): Promise<void> {
    if (!upload.oneShot && !upload.maxDownloads && !upload.stream) return
    event.preventDefault()
    problem.value = await refusal(fileUrl(upload, file), access)
    if (problem.value === undefined) location.assign(saveUrl(upload, file))
  }

  return (
    <li class={`file ${isThere ? '' : 'absent'}`}>
      <FileIcon upload={upload} file={file} path={path} />
      <FileName path={path} />
      <span class="file-facts">{isThere ? formatBytes(file.fileSize) : stateOf(file)}</span>
      <span class="file-actions">
        {onSelect && <input type="checkbox" aria-label={t.selectFile(path)} checked={isSelected} onChange={onSelect} />}
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
            await onRemove(file)
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

/** A small picture of a picture. Of what may be fetched only so often, or needs a password, there is none. */
function FileIcon({ upload, file, path }: { upload: UploadJson; file: FileJson; path: string }) {
  const hasFailed = useSignal(false)
  const isOpen = !upload.oneShot && !upload.maxDownloads && !upload.stream && !upload.protectedByPassword
  const fail = () => {
    hasFailed.value = true
  }
  return (
    <span class="file-icon">
      {isOpen && file.image && file.status === 'uploaded' && !hasFailed.value ? (
        <img src={thumbnailUrl(upload, file, THUMBNAIL_PIXELS)} alt="" loading="lazy" onError={fail} />
      ) : (
        <Icon name={KIND_ICONS[kindOf({ name: path, type: file.fileType })]} />
      )}
    </span>
  )
}

function stateOf({ status }: FileJson): string {
  const t = uploadTexts.value
  if (status === 'missing') return t.missing
  return status === 'uploading' ? t.uploading : t.fetched
}

/** Why a file can't be had just now; undefined: it can. */
async function refusal(url: string, access: Access): Promise<string | undefined> {
  const t = uploadTexts.value
  try {
    await headFile(url, access)
    return undefined
  } catch (error) {
    const { status = undefined, retryAfterSeconds = undefined } = error instanceof ApiError ? error : {}
    if (status === 423) return retryAfterSeconds ? t.claimedFor(formatDuration(retryAfterSeconds)) : t.claimed
    if (status === 404) return t.fileGone
    return errorText(error)
  }
}
