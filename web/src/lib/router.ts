import { computed, signal } from '@preact/signals'

/** The current route, read from the address after `#`: Plik's clients link to `#/?id=…`, and the fragment is never sent to the server. */
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

/** A link to a page: `href('/', { id })`. */
export function href(path: string, query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString()
  return `#${path}${search === '' ? '' : `?${search}`}`
}

export function navigate(path: string, query: Record<string, string> = {}): void {
  location.hash = href(path, query)
  scrollTo(0, 0)
}

/** Replaces the current history entry, to remove secrets from the address. */
export function replaceRoute(path: string, query: Record<string, string> = {}): void {
  history.replaceState(history.state, '', href(path, query))
  hash.value = location.hash
}
