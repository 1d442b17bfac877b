import { computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import type { Total } from '../send/upload-queue.ts'
import { keepOpen } from './keep-open.ts'

/** Uploads running in this tab, shown on all other pages. While there are any, the browser asks before it closes the tab. */
export interface OwnUpload {
  /** The link to its page, from `href`. */
  place: string
  total: ReadonlySignal<Total>
}

export const ownUploads = signal<readonly OwnUpload[]>([])

/** Returns a function that removes it again. */
export function announce(place: string, total: ReadonlySignal<Total>): () => void {
  const one = { place, total }
  ownUploads.value = [...ownUploads.value, one]
  return () => {
    ownUploads.value = ownUploads.value.filter((other) => other !== one)
  }
}

const isBusy = computed(() => ownUploads.value.some(({ total }) => total.value.state !== 'done'))
effect(() => (isBusy.value ? keepOpen() : undefined))
