import { type Signal, signal, useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { remembered } from '../lib/browser-storage.ts'
import { Icon } from '../ui/icon.tsx'
import { lazy } from '../ui/lazy.tsx'
import { RemovedData } from '../ui/removed-data.tsx'
import { VisibleRows } from '../ui/visible-rows.tsx'
import { ArchiveButton } from './archive-button.tsx'
import { Arrivals } from './arrivals.tsx'
import { DownloadButton } from './download-button.tsx'
import { inOrder, ORDERS, type Order } from './order.ts'
import { isSeen, previewKind, thumbnailBy } from './preview-kind.ts'
import { ReceivedFile } from './received-file.tsx'
import { Refusal } from './refusal.tsx'
import { uploadTexts } from './texts/upload.ts'
import { useFetching } from './use-fetching.ts'
import { isListed, type View, type ViewFile } from './view.ts'

interface Props {
  view: View
  reload: () => Promise<void>
}

/** With at most this number of files, there is no choice of order. */
const FEW = 5
/** From this number of thumbnails on, files can be shown as a gallery. */
const SEVERAL = 2

const Gallery = lazy(async () => (await import('./gallery.tsx')).Gallery)
const Looked = lazy(async () => (await import('./looked.tsx')).Looked, { isExtra: true })

/** `gallery` or `list`, if the user has chosen. */
const stored = remembered('look')
const chosenLook = signal(stored.get())

function chooseLook(look: string): void {
  stored.set(look)
  chosenLook.value = look
}

/** The files of an upload, to be downloaded one by one, all or selected. */
export function ReceivedFiles({ view, reload }: Props) {
  const t = uploadTexts.value
  const { upload, files } = view
  const selected = useSignal<ReadonlySet<string>>(new Set())
  const order = useSignal<Order>('name')
  const looked = useSignal<ViewFile | undefined>(undefined)
  const listed = useMemo(() => inOrder(files.filter(isListed(upload)), order.value), [upload, files, order.value])
  const available = files.filter(({ isThere }) => isThere)
  const canSelect = available.length > 1 && !upload.stream
  const hasGallery = files.filter((one) => thumbnailBy(view, one)).length >= SEVERAL
  // Thumbnails of encrypted files need all their bytes, so the user has to ask for the gallery.
  const isGallery = hasGallery && (chosenLook.value ?? (view.secret ? 'list' : 'gallery')) === 'gallery'
  const [images, others] = isGallery
    ? [listed.filter((one) => isSeen(view, one)), listed.filter((one) => !isSeen(view, one))]
    : [[], listed]
  if (files.every(({ file }) => file.status === 'deleted'))
    return <p class="quiet">{upload.admin ? t.emptyAdmin : t.emptyText}</p>

  function toggle(id: string): void {
    const next = new Set(selected.value)
    if (!next.delete(id)) next.add(id)
    selected.value = next
  }

  const look = (one: ViewFile): void => {
    looked.value = one
  }

  return (
    <>
      {(files.length > FEW || hasGallery) && (
        <div class="order">
          {hasGallery && <LookButton isGallery={isGallery} />}
          {files.length > FEW && <OrderField order={order} />}
        </div>
      )}
      {isGallery && (
        <Gallery
          view={view}
          files={images}
          selected={selected.value}
          onSelect={canSelect ? toggle : undefined}
          onLook={look}
        />
      )}
      {others.length > 0 && (
        <VisibleRows
          label={t.files}
          files={others}
          keyOf={({ file }) => file.id}
          from={[view, reload, selected.value, canSelect, t]}
          isKept
          row={(one) => (
            <ReceivedFile
              view={view}
              one={one}
              reload={reload}
              isOnly={files.length === 1 && !upload.admin}
              isSelected={selected.value.has(one.file.id)}
              onSelect={canSelect && one.isThere ? () => toggle(one.file.id) : undefined}
              onLook={previewKind(view, one) && (() => look(one))}
            />
          )}
        />
      )}
      <Arrivals files={files} />
      {canSelect && (
        <ArchiveButton
          view={view}
          reload={reload}
          selected={available.filter(({ file }) => selected.value.has(file.id))}
        />
      )}
      {looked.value && (
        <Looked view={view} listed={listed} looked={looked}>
          {(shown) => <LookedDetails key={shown.file.id} view={view} one={shown} reload={reload} />}
        </Looked>
      )}
    </>
  )
}

/** Details and actions of the file in the lightbox. */
function LookedDetails({ view, one, reload }: Props & { one: ViewFile }) {
  const fetching = useFetching()
  return (
    <>
      <RemovedData file={one.file} />
      <DownloadButton view={view} one={one} reload={reload} fetching={fetching} />
      {fetching.problem.value && <Refusal view={view} files={[one]} error={fetching.problem.value.error} />}
    </>
  )
}

function LookButton({ isGallery }: { isGallery: boolean }) {
  const t = uploadTexts.value
  return (
    <button type="button" class="plain" onClick={() => chooseLook(isGallery ? 'list' : 'gallery')}>
      <Icon name={isGallery ? 'list' : 'grid'} />
      {isGallery ? t.asList : t.asGallery}
    </button>
  )
}

function OrderField({ order }: { order: Signal<Order> }) {
  const t = uploadTexts.value
  const names: Record<Order, string> = { name: t.byName, size: t.bySize, date: t.byDate }
  return (
    <label class="quiet">
      {t.orderBy}
      <select
        value={order.value}
        onChange={({ currentTarget }) => {
          order.value = currentTarget.value as Order
        }}
      >
        {ORDERS.map((one) => (
          <option key={one} value={one}>
            {names[one]}
          </option>
        ))}
      </select>
    </label>
  )
}
