import type { ViewFile } from './view.ts'

/** Sort orders of the file list. Pure. */
export const ORDERS = ['name', 'size', 'date'] as const
export type Order = (typeof ORDERS)[number]

const COLLATOR = new Intl.Collator(undefined, { numeric: true })
const byName = (one: ViewFile, other: ViewFile): number => COLLATOR.compare(one.path, other.path)

const COMPARE: Record<Order, (one: ViewFile, other: ViewFile) => number> = {
  /** `IMG_2` before `IMG_10`. */
  name: byName,
  /** Largest first. */
  size: (one, other) => other.size - one.size || byName(one, other),
  /** Newest first. */
  date: (one, other) => Date.parse(other.file.createdAt) - Date.parse(one.file.createdAt) || byName(one, other),
}

export const inOrder = (files: readonly ViewFile[], order: Order): ViewFile[] => files.toSorted(COMPARE[order])
