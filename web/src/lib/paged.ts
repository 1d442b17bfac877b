import { signal } from '@preact/signals'

/** One page of a list, as returned by the server. */
export interface PageOf<T> {
  results: T[]
  /** Cursor of the next page; null: this is the last page. */
  after: string | null
  /** Length of the whole list. */
  total: number
}

export type Paged<T extends object> = ReturnType<typeof createPaged<T>>

/** A list that grows as the user scrolls. `fetchPage` returns the page after a cursor, or the first page. */
export function createPaged<T extends object>(fetchPage: (after: string | undefined) => Promise<PageOf<T>>) {
  /** Undefined: not loaded yet. */
  const items = signal<T[] | undefined>(undefined)
  const total = signal(0)
  const after = signal<string | null>(null)
  const error = signal<unknown>(undefined)
  let isBusy = false

  /** `before`: items already loaded; `least`: the number of items to reach. */
  async function fetchAfter(cursor: string | undefined, before: T[], least: number): Promise<void> {
    if (isBusy) return
    isBusy = true
    error.value = undefined
    try {
      let page = await fetchPage(cursor)
      const all = [...before, ...page.results]
      while (all.length < least && page.after !== null) {
        page = await fetchPage(page.after)
        all.push(...page.results)
      }
      items.value = all
      total.value = page.total
      after.value = page.after
    } catch (problem) {
      error.value = problem
    } finally {
      isBusy = false
    }
  }

  return {
    items,
    total,
    after,
    error,
    /** Reloads as many items as are shown. */
    reload: () => fetchAfter(undefined, [], items.value?.length ?? 0),
    more: () => fetchAfter(after.value ?? undefined, items.value ?? [], 0),
    replace: (old: T, changed: T): void => {
      items.value = items.value?.map((item) => (item === old ? changed : item))
    },
    drop: (gone: T): void => {
      items.value = items.value?.filter((item) => item !== gone)
      total.value -= 1
    },
  }
}
