import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { pathOfName } from '../../../client/src/file-name.ts'
import { removeUpload } from '../lib/api.ts'
import { formatBytes, formatDate, formatNumber } from '../lib/format.ts'
import type { Paged, PageOf } from '../lib/paged.ts'
import { useKept } from '../lib/places.ts'
import { href } from '../lib/router.ts'
import { listTexts } from '../lib/texts/lists.ts'
import { visibleName } from '../lib/visible-name.ts'
import { Countdown } from '../receive/countdown.tsx'
import { linksOf } from '../receive/links.ts'
import { KeepOrDelete } from '../send/keep-or-delete.tsx'
import { CopyButton } from '../ui/copy-button.tsx'
import { CopyField } from '../ui/copy-field.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { DialogButton } from '../ui/dialog-button.tsx'
import { KIND_ICONS, kindOf } from '../ui/file-kind.ts'
import { Icon, type IconName } from '../ui/icon.tsx'
import { Notice } from '../ui/notice.tsx'
import { PagedList, usePaged } from '../ui/paged-list.tsx'
import { SearchField, SelectField } from '../ui/toolbar.tsx'
import { extendUpload, type ListedUpload, type Query } from './accounts-api.ts'

interface Props {
  fetchPage: (query: Query) => Promise<PageOf<ListedUpload>>
  empty: ComponentChildren
  /** Additional query parameters, and the fields to choose them. */
  filter?: Query
  filters?: ComponentChildren
  withOwner?: boolean
}

const SORTS = ['date-desc', 'date-asc', 'size-desc', 'downloads-desc'] as const
type Sort = (typeof SORTS)[number]

/** A list of uploads with actions for their owner or an administrator. */
export function UploadsList({ fetchPage, empty, filter = {}, filters, withOwner = false }: Props) {
  const t = listTexts.value
  const search = useKept('search', () => signal(''))
  const sort = useKept('sort', () => signal<Sort>('date-desc'))
  const query = { ...filter, q: search.value, ...orderOf(sort.value) }
  const list = usePaged(JSON.stringify(query), (after) => fetchPage({ ...query, after }))
  const sortNames = {
    'date-desc': t.newest,
    'date-asc': t.oldest,
    'size-desc': t.largest,
    'downloads-desc': t.mostWanted,
  }
  return (
    <>
      <div class="toolbar">
        <SearchField label={t.search} value={search} />
        {filters}
        <SelectField label={t.sort} value={sort} options={SORTS.map((id) => [id, sortNames[id]])} />
      </div>
      <PagedList
        label={t.uploads}
        list={list}
        empty={empty}
        row={(upload) => <UploadRow key={upload.id} upload={upload} list={list} withOwner={withOwner} />}
      />
    </>
  )
}

function orderOf(chosen: Sort): Query {
  const [sort, order] = chosen.split('-')
  return { sort, order }
}

function UploadRow({
  upload,
  list,
  withOwner,
}: {
  upload: ListedUpload
  list: Paged<ListedUpload>
  withOwner: boolean
}) {
  const t = listTexts.value
  const name = nameOf(upload)
  const size = (upload.files ?? []).reduce((sum, { fileSize }) => sum + fileSize, 0)
  return (
    <li class="row">
      <span class="file-icon">
        <Icon name={iconOf(upload)} />
      </span>
      <div class="row-main">
        <a class="row-title" href={href('/', { id: upload.id })}>
          {name}
        </a>
        {upload.comments !== '' && !upload.e2ee && <p class="row-note">{upload.comments.split('\n')[0]}</p>}
        <p class="facts quiet">
          <span>{formatBytes(size)}</span>
          <span>{t.created(formatDate(Date.parse(upload.createdAt)))}</span>
          {withOwner && <span>{t.by(upload.user ?? t.anonymous)}</span>}
          <Countdown expiresAt={upload.expireAt} isStream={upload.stream} />
          <Kinds upload={upload} />
        </p>
      </div>
      <RowActions upload={upload} name={name} list={list} />
    </li>
  )
}

function iconOf({ files, e2ee }: ListedUpload): IconName {
  const [first] = files ?? []
  if (e2ee) return 'lock'
  return first ? KIND_ICONS[kindOf({ name: first.fileName, type: first.fileType })] : 'folder'
}

/** The name of the first file. The names of encrypted uploads can only be read with the key in the link. */
function nameOf({ files, e2ee }: ListedUpload): string {
  const t = listTexts.value
  const [first, ...rest] = files ?? []
  if (!first) return t.unnamed
  if (e2ee) return t.encryptedFiles(rest.length + 1)
  const name = visibleName(pathOfName(first.fileName))
  return rest.length === 0 ? name : t.andMore(name, rest.length)
}

function Kinds({ upload }: { upload: ListedUpload }) {
  const t = listTexts.value
  const kinds: [unknown, string][] = [
    [upload.protectedByPassword, t.password],
    [upload.oneShot, t.oneShot],
    [upload.stream, t.stream],
    [upload.e2ee, t.keyless],
  ]
  const downloads = upload.downloadCount ?? 0
  return (
    <>
      {kinds.map(([applies, text]) => (applies ? <span key={text}>{text}</span> : null))}
      {downloads > 0 && <span title={formatNumber(downloads)}>{t.downloads(downloads)}</span>}
    </>
  )
}

function RowActions({ upload, name, list }: { upload: ListedUpload; name: string; list: Paged<ListedUpload> }) {
  const t = listTexts.value
  return (
    <div class="row-actions">
      {upload.e2ee ? (
        <DialogButton icon="copy" label={t.copyLink(name)} look="bare">
          {(close) => (
            <Dialog title={t.copyLink(name)} onClose={close}>
              <Notice icon="lock" title={t.keyless}>
                <p>{t.keylessText}</p>
              </Notice>
              <CopyField label={t.keylessLink} text={linksOf(upload).page} />
            </Dialog>
          )}
        </DialogButton>
      ) : (
        <CopyButton text={linksOf(upload).page} label={t.copyLink(name)} isBare />
      )}
      <KeepOrDelete
        name={name}
        onExtend={async (ttl) => list.replace(upload, { ...upload, ...(await extendUpload(upload.id, ttl, {})) })}
        onDelete={() => removeUpload(upload.id, {}).then(() => list.drop(upload))}
      />
    </div>
  )
}
