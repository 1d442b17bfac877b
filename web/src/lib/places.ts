import { useMemo } from 'preact/hooks'
import { me } from './session.ts'

/** State of pages in the browser's history, so that Back restores the same rows and scroll position. */

interface Place {
  scroll: number
  /** Text, choices and lists of the page, by name. */
  states: Map<string, unknown>
}

/** How long to wait for a page that is loaded again to reach its former height. */
const RESTORE_MS = 3_000

const places = new Map<string, Place>()
let current = placeHere()
/** Ignores scroll positions that were not set by the user. */
let restoring: AbortController | undefined

addEventListener('popstate', arrive)
addEventListener('hashchange', arrive, true) // before the page is drawn for the new address
addEventListener('scroll', () => {
  if (!restoring) current.scroll = scrollY
})

/** The state of the current history entry, which is created if it does not exist. */
function placeHere(): Place {
  const { place = String(crypto.getRandomValues(new Uint32Array(1))) } = history.state ?? {}
  history.replaceState({ ...history.state, place }, '')
  const known = places.get(place) ?? { scroll: 0, states: new Map() }
  places.set(place, known)
  return known
}

function arrive(): void {
  const before = current
  current = placeHere()
  if (current !== before) restore(current.scroll)
}

/** Scrolls there as soon as the page is long enough, unless the user scrolls first. */
function restore(top: number): void {
  restoring?.abort()
  const ending = new AbortController()
  restoring = ending
  const end = () => {
    ending.abort()
    if (restoring === ending) restoring = undefined
  }
  for (const type of ['wheel', 'touchstart', 'keydown']) addEventListener(type, end, { signal: ending.signal })
  const last = performance.now() + RESTORE_MS

  function step(): void {
    if (ending.signal.aborted) return
    scrollTo(0, top)
    if (Math.abs(scrollY - top) < 1 || performance.now() > last) end()
    else requestAnimationFrame(step)
  }
  requestAnimationFrame(step) // the page has been drawn by then
}

/** Like `useMemo`, but the value is restored when the user returns to this history entry, unless it belonged to another user. */
export function useKept<T>(name: string, create: () => T): T {
  const key = `${me.value?.id} ${name}`
  return useMemo(() => {
    if (!current.states.has(key)) current.states.set(key, create())
    return current.states.get(key) as T
  }, [current, key])
}
