import { signal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'
import { commonTexts } from '../lib/texts/common.ts'
import { Notice } from './notice.tsx'

/** A component that is loaded when it is first rendered, or earlier by `load`. */
type LazyPage<Props> = ComponentType<Props> & { load: () => Promise<void> }

/**
 * `lazy(async () => (await import('./jobs/admin-jobs.tsx')).JobsPage)`. With `isExtra` nothing is shown while it is loading or if
 * loading fails.
 */
export function lazy<Props extends object = object>(
  load: () => Promise<ComponentType<Props>>,
  { isExtra = false } = {},
): LazyPage<Props> {
  const state = signal<'unasked' | 'loading' | 'failed' | { Page: ComponentType<Props> }>('unasked')

  async function begin(): Promise<void> {
    state.value = 'loading'
    state.value = await load().then(
      (Page) => ({ Page }),
      () => 'failed' as const,
    )
  }

  /** A browser may cache the failure of a module until the page is reloaded. */
  async function retry(): Promise<void> {
    await begin()
    if (state.value === 'failed' && navigator.onLine) location.reload()
  }

  function Lazy(props: Props) {
    if (state.value === 'unasked') void begin()
    if (typeof state.value === 'object') return <state.value.Page {...props} />
    if (isExtra) return null
    if (state.value !== 'failed') return <p class="quiet waiting">{commonTexts.value.loading}</p>
    return <Failed retry={retry} />
  }

  return Object.assign(Lazy, { load: begin })
}

/** Tries again when the device is online, or when the user presses the button. */
function Failed({ retry }: { retry: () => Promise<void> }) {
  const t = commonTexts.value
  useEffect(() => {
    const tryAgain = () => void retry()
    addEventListener('online', tryAgain)
    return () => removeEventListener('online', tryAgain)
  }, [])
  return (
    <Notice tone="bad" title={t.pageFailed}>
      <button type="button" onClick={() => void retry()}>
        {t.reload}
      </button>
    </Notice>
  )
}
