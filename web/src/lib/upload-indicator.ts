import { computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import type { Total } from '../send/upload-queue.ts'
import { keepOpen } from './keep-open.ts'

/** What this tab is sending, for pages that show something else; and while it does, the browser asks before it closes the tab. */
export interface UnderWay {
  /** Where it can be seen: what `href` returns. */
  place: string
  total: ReadonlySignal<Total>
}

export const underWay = signal<readonly UnderWay[]>([])

/** What it returns ends that. */
export function announce(place: string, total: ReadonlySignal<Total>): () => void {
  const one = { place, total }
  underWay.value = [...underWay.value, one]
  return () => {
    underWay.value = underWay.value.filter((other) => other !== one)
  }
}

const isBusy = computed(() => underWay.value.some(({ total }) => total.value.state !== 'done'))
effect(() => (isBusy.value ? keepOpen() : undefined))
