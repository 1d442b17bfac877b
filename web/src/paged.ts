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

  async function fetchAfter(cursor: string | undefined): Promise<void> {
    if (isBusy) return
    isBusy = true
    error.value = undefined
    try {
      const page = await fetchPage(cursor)
      items.value = [...(cursor === undefined ? [] : (items.value ?? [])), ...page.results]
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
    reload: () => fetchAfter(undefined),
    more: () => fetchAfter(after.value ?? undefined),
    replace: (old: T, changed: T): void => {
      items.value = items.value?.map((item) => (item === old ? changed : item))
    },
    drop: (gone: T): void => {
      items.value = items.value?.filter((item) => item !== gone)
      total.value -= 1
    },
  }
}
