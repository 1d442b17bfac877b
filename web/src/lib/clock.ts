import { signal } from '@preact/signals'

/** The time, for countdowns. It stands still while nobody looks. */
export const now = signal(Date.now())

const TICK_MS = 1_000
setInterval(() => {
  if (!document.hidden) now.value = Date.now()
}, TICK_MS)
