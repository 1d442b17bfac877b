import { type ReadonlySignal, signal } from '@preact/signals'

const PREFIX = 'mayfly-'

/** A text that a browser keeps for us. Where it keeps nothing (private windows, full disks) we do without. */
export function remembered(name: string, storage: () => Storage = () => localStorage) {
  const key = PREFIX + name

  function forget(): void {
    try {
      storage().removeItem(key)
    } catch {
      // nothing is kept here at all
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
        forget() // what it was before is no longer so
      }
    },
  }
}

export interface StoredList<T> {
  /** What other tabs write is seen, too. */
  all: ReadonlySignal<T[]>
  get(id: string): T | undefined
  /** Undefined: it goes. */
  set(id: string, value: T | undefined): void
}

/** Values that outlive the page. Each has a place of its own, so that tabs never undo what others note of another one. */
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

/** None: there is nothing, or somebody else has written it. */
function parsed<T>(text: string | undefined): [] | [T] {
  try {
    return text === undefined ? [] : [JSON.parse(text) as T]
  } catch {
    return []
  }
}
