import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { errorText } from '../lib/error-text.ts'
import { formatNumber } from '../lib/format.ts'
import { createPaged, type Paged, type PageOf } from '../lib/paged.ts'
import { useKept } from '../lib/places.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { listTexts } from '../lib/texts/lists.ts'
import { Notice } from './notice.tsx'
import './styles/lists.css'

/** A list that is loaded again whenever `key` changes. When the user returns to it, as many rows are shown as before. */
export function usePaged<T extends object>(
  key: string,
  fetchPage: (after: string | undefined) => Promise<PageOf<T>>,
): Paged<T> {
  const kept = useKept<{ key?: string; list?: Paged<T> }>('list', () => ({}))
  if (kept.key !== key) Object.assign(kept, { key, list: createPaged(fetchPage) })
  const list = kept.list as Paged<T>
  useEffect(() => void list.reload(), [list])
  return list
}

interface Props<T extends object> {
  label: string
  list: Paged<T>
  /** Shown if the list is empty. */
  empty: ComponentChildren
  row: (item: T) => ComponentChildren
}

/** The rows loaded so far, and the total number. */
export function PagedList<T extends object>({ label, list, empty, row }: Props<T>) {
  const t = listTexts.value
  const { items, total, after, error } = list
  return (
    <>
      {items.value === undefined && error.value === undefined && (
        <p class="quiet waiting">{commonTexts.value.loading}</p>
      )}
      {items.value?.length === 0 && <div class="nothing quiet">{empty}</div>}
      {items.value !== undefined && items.value.length > 0 && (
        <>
          <p class="quiet count" role="status">
            {t.shown(formatNumber(items.value.length), formatNumber(total.value), total.value)}
          </p>
          <ul class="rows" aria-label={label}>
            {items.value.map(row)}
          </ul>
        </>
      )}
      {error.value !== undefined && (
        <Notice tone="bad" title={errorText(error.value)}>
          <button type="button" class="plain" onClick={() => void list.reload()}>
            {commonTexts.value.tryAgain}
          </button>
        </Notice>
      )}
      {after.value !== null && error.value === undefined && <More onMore={() => void list.more()} />}
    </>
  )
}

/** Loads more rows when it comes near the visible area. */
function More({ onMore }: { onMore: () => void }) {
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && onMore(), { rootMargin: '400px' })
    if (button.current) observer.observe(button.current)
    return () => observer.disconnect()
  })
  return (
    <button ref={button} type="button" class="plain" onClick={onMore}>
      {listTexts.value.more}
    </button>
  )
}
