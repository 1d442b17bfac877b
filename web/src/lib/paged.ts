import { signal } from '@preact/signals'

/** A part of a list, as the server answers it. */
export interface PageOf<T> {
  results: T[]
  /** Leads to what comes next; null: nothing does. */
  after: string | null
  /** Of the whole list. */
  total: number
}

export type Paged<T extends object> = ReturnType<typeof createPaged<T>>

/** A list that grows as people scroll. `fetchPage`: what comes after a cursor; without one, the beginning. */
export function createPaged<T extends object>(fetchPage: (after: string | undefined) => Promise<PageOf<T>>) {
  /** Undefined: nothing is known yet. */
  const items = signal<T[] | undefined>(undefined)
  const total = signal(0)
  const after = signal<string | null>(null)
  const error = signal<unknown>(undefined)
  let isBusy = false

  /** `before`: what stays in front of it; `least`: how many there should be then. */
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
    /** As many as are shown. */
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
