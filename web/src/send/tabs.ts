import { type ReadonlySignal, type Signal, signal } from '@preact/signals'

/** Finds out which tabs of this browser are open: their transfers are not interrupted. */

/** New at each page load, so a reloaded page counts as another tab. */
export const thisTab = crypto.getRandomValues(new Uint32Array(2)).join('-')

const present = new Map<string, Signal<boolean | undefined>>()

/** Whether a tab is open. The signal changes once, when the tab is closed or crashes. Undefined: not known yet. */
export function isPresent(tab: string): ReadonlySignal<boolean | undefined> {
  const known = present.get(tab) ?? signal(undefined)
  if (!present.has(tab)) void follow(tab, known)
  present.set(tab, known)
  return known
}

async function follow(tab: string, known: Signal<boolean | undefined>): Promise<void> {
  known.value = await look(tab)
  if (known.value) await untilGone(tab)
  known.value = false
}

/**
 * Each tab holds a lock, which the browser releases with the tab. Over plain HTTP there are no locks, and tabs answer messages
 * instead.
 */
const [look, untilGone] = 'locks' in navigator ? lockHere(navigator.locks) : answerHere()

type Ways = [look: (tab: string) => Promise<boolean>, untilGone: (tab: string) => Promise<void>]

function lockHere(locks: LockManager): Ways {
  const nameOf = (tab: string) => `mayfly-tab-${tab}`
  void locks.request(nameOf(thisTab), () => new Promise(() => {}))
  return [
    (tab) => locks.request(nameOf(tab), { mode: 'shared', ifAvailable: true }, (lock) => lock === null),
    (tab) => locks.request(nameOf(tab), { mode: 'shared' }, () => {}),
  ]
}

/** Long enough for a busy tab. Messages, unlike timers, are not delayed in background tabs. */
const ANSWER_MS = 2_000

function answerHere(): Ways {
  const channel = new BroadcastChannel('mayfly-tabs')
  const answered = new Map<string, () => void>()
  channel.onmessage = ({ data }: MessageEvent<{ ask?: string; here?: string }>) => {
    if (data.ask === thisTab) channel.postMessage({ here: thisTab })
    if (data.here !== undefined) answered.get(data.here)?.()
  }

  const isThere = (tab: string): Promise<boolean> =>
    new Promise((resolve) => {
      answered.set(tab, () => resolve(true))
      setTimeout(() => resolve(false), ANSWER_MS)
      channel.postMessage({ ask: tab })
    })

  async function untilSilent(tab: string): Promise<void> {
    while (await isThere(tab)) await new Promise((resolve) => setTimeout(resolve, ANSWER_MS))
  }

  return [isThere, untilSilent]
}
