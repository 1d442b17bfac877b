import { type ReadonlySignal, signal } from '@preact/signals'

const PREFIX = 'mayfly-'

/** A text in browser storage. Works without storage as well (private windows, full disks): then nothing is kept. */
export function remembered(name: string, storage: () => Storage = () => localStorage) {
  const key = PREFIX + name

  function forget(): void {
    try {
      storage().removeItem(key)
    } catch {
      // browser storage is not available
    }
  }

  return {
    get(): string | undefined {
      try {
        return storage().getItem(key) ?? undefined
      } catch {
        return undefined
      }
    },
    set(value: string | undefined): void {
      try {
        if (value === undefined) storage().removeItem(key)
        else storage().setItem(key, value)
      } catch {
        forget() // the old value is outdated
      }
    },
  }
}

export interface StoredList<T> {
  /** Includes changes made by other tabs. */
  all: ReadonlySignal<T[]>
  get(id: string): T | undefined
  /** Undefined: the value is removed. */
  set(id: string, value: T | undefined): void
}

/** Values that outlive the page. Each has its own storage key, so that tabs never overwrite each other's entries. */
export function storedList<T>(name: string): StoredList<T> {
  const placeOf = (id: string) => remembered(`${name}-${id}`)
  const all = signal<T[]>([])

  function readAll(): void {
    all.value = keysUnder(`${PREFIX}${name}-`).flatMap((key) => parsed<T>(remembered(key.slice(PREFIX.length)).get()))
  }

  readAll()
  addEventListener('storage', readAll)

  return {
    all,
    get: (id) => parsed<T>(placeOf(id).get())[0],
    set(id, value) {
      placeOf(id).set(value && JSON.stringify(value))
      readAll()
    },
  }
}

function keysUnder(start: string): string[] {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(start))
      .sort()
  } catch {
    return []
  }
}

/** An empty list if there is no value, or one that this code did not write. */
function parsed<T>(text: string | undefined): [] | [T] {
  try {
    return text === undefined ? [] : [JSON.parse(text) as T]
  } catch {
    return []
  }
}
