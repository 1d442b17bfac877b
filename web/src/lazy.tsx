import { signal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { Notice } from './components/notice.tsx'
import { commonTexts } from './i18n/common.ts'

/** A page that is loaded when it is first shown, or before that by `load`. */
type LazyPage<Props> = ComponentType<Props> & { load: () => Promise<void> }

/** `lazy(async () => (await import('./pages/jobs.tsx')).JobsPage)` */
export function lazy<Props extends object = object>(load: () => Promise<ComponentType<Props>>): LazyPage<Props> {
  const state = signal<'unasked' | 'loading' | 'failed' | { Page: ComponentType<Props> }>('unasked')

  async function begin(): Promise<void> {
    state.value = 'loading'
    state.value = await load().then(
      (Page) => ({ Page }),
      () => 'failed' as const,
    )
  }

  function Lazy(props: Props) {
    if (state.value === 'unasked') void begin()
    if (typeof state.value === 'object') return <state.value.Page {...props} />
    const t = commonTexts.value
    if (state.value !== 'failed') return <p class="quiet waiting">{t.loading}</p>
    return (
      <Notice tone="bad" title={t.pageFailed}>
        <button type="button" onClick={() => location.reload()}>
          {t.reload}
        </button>
      </Notice>
    )
  }

  return Object.assign(Lazy, { load: begin })
}
