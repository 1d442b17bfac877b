import { type Signal, useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { ArchiveButton } from './archive-button.tsx'
import { Arrivals } from './arrivals.tsx'
import { inOrder, ORDERS, type Order } from './order.ts'
import { ReceivedFile } from './received-file.tsx'
import { uploadTexts } from './texts/upload.ts'
import type { View } from './view.ts'

interface Props {
  view: View
  reload: () => Promise<void>
}

/** Up to this number, files need no order to choose. */
const FEW = 5

/** What there is to fetch: each file for itself, and all or some together. */
export function ReceivedFiles({ view, reload }: Props) {
  const t = uploadTexts.value
  const { upload, files } = view
  const selected = useSignal<ReadonlySet<string>>(new Set())
  const order = useSignal<Order>('name')
  const listed = useMemo(() => inOrder(files, order.value), [files, order.value])
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
      {files.length > FEW && <OrderField order={order} />}
      <ul class="files" aria-label={t.files}>
        {listed.map((one) => (
          <ReceivedFile
            key={one.file.id}
            view={view}
            one={one}
            reload={reload}
            isOnly={files.length === 1 && !upload.admin}
            isSelected={selected.value.has(one.file.id)}
            onSelect={canSelect && one.isThere ? () => toggle(one.file.id) : undefined}
          />
        ))}
      </ul>
      <Arrivals files={files} />
      {canSelect && (
        <ArchiveButton
          view={view}
          reload={reload}
          selected={available.filter(({ file }) => selected.value.has(file.id))}
        />
      )}
    </>
  )
}

function OrderField({ order }: { order: Signal<Order> }) {
  const t = uploadTexts.value
  const names: Record<Order, string> = { name: t.byName, size: t.bySize, date: t.byDate }
  return (
    <label class="order quiet">
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
