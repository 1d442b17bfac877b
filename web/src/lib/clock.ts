import { signal } from '@preact/signals'

/** The current time, for countdowns. It is not updated while the page is hidden. */
export const now = signal(Date.now())

const TICK_MS = 1_000
setInterval(() => {
  if (!document.hidden) now.value = Date.now()
}, TICK_MS)
