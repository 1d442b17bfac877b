import { computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import type { Total } from '../send/upload-queue.ts'
import { keepOpen } from './keep-open.ts'

/** What this tab is sending, for pages that show something else; and while it does, the browser asks before it closes the tab. */
export interface OwnUpload {
  /** Where it can be seen: what `href` returns. */
  place: string
  total: ReadonlySignal<Total>
}

export const ownUploads = signal<readonly OwnUpload[]>([])

/** What it returns ends that. */
export function announce(place: string, total: ReadonlySignal<Total>): () => void {
  const one = { place, total }
  ownUploads.value = [...ownUploads.value, one]
  return () => {
    ownUploads.value = ownUploads.value.filter((other) => other !== one)
  }
}

const isBusy = computed(() => ownUploads.value.some(({ total }) => total.value.state !== 'done'))
effect(() => (isBusy.value ? keepOpen() : undefined))
