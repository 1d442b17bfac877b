import { computed, signal } from '@preact/signals'

/** Where people are, told from the address after `#`: `#/?id=…` is what Plik's clients link to, and it never reaches the server. */
export interface Route {
  /** `/`, `/login`, … */
  path: string
  query: URLSearchParams
}

const hash = signal(location.hash)
addEventListener('hashchange', () => {
  hash.value = location.hash
})

export const route = computed<Route>(() => {
  const [path = '', query = ''] = hash.value.replace(/^#/, '').split('?', 2)
  return { path: path.startsWith('/') ? path : `/${path}`, query: new URLSearchParams(query) }
})

/** A link to a place on the page: `href('/', { id })`. */
export function href(path: string, query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString()
  return `#${path}${search === '' ? '' : `?${search}`}`
}

export function navigate(path: string, query: Record<string, string> = {}): void {
  location.hash = href(path, query)
  scrollTo(0, 0)
}

/** Changes the address without a new entry in the history: for what must not stay in it. */
export function replaceRoute(path: string, query: Record<string, string> = {}): void {
  history.replaceState(history.state, '', href(path, query))
  hash.value = location.hash
}
