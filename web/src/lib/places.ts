import { useMemo } from 'preact/hooks'
import { me } from './session.ts'

/** What the places in the browser's history looked like, so that Back leads to the same rows at the same height. */

interface Place {
  scroll: number
  /** What was typed, chosen and listed there, by name. */
  states: Map<string, unknown>
}

/** A page that has to be fetched again has its height when it is there. */
const RESTORE_MS = 3_000

const places = new Map<string, Place>()
let current = placeHere()
/** Scrolls that people have not done are not remembered. */
let restoring: AbortController | undefined

addEventListener('popstate', arrive)
addEventListener('hashchange', arrive, true) // before the page is drawn for the new address
addEventListener('scroll', () => {
  if (!restoring) current.scroll = scrollY
})

/** The one of the current entry of the history, which gets a name when it is new. */
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

/** Scrolls there as soon as the page is long enough, unless somebody scrolls before. */
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
  requestAnimationFrame(step) // what is there now is drawn by then
}

/** As `useMemo`; but who comes back to this place finds what was there, unless it was for somebody else. */
export function useKept<T>(name: string, create: () => T): T {
  const key = `${me.value?.id} ${name}`
  return useMemo(() => {
    if (!current.states.has(key)) current.states.set(key, create())
    return current.states.get(key) as T
  }, [current, key])
}
