import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { errorText } from '../lib/error-text.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { Notice } from './notice.tsx'

/** The answer to a question: on its way, there, or refused. */
export interface Fetched<T> {
  value?: T
  error?: unknown
  /** Asks again; what is known stays until there is news. */
  reload: () => Promise<void>
}

/** Asks anew whenever `key` changes. An answer that comes when something else was asked meanwhile is dropped. */
export function useFetched<T>(key: string, ask: () => Promise<T>): Fetched<T> {
  const state = useSignal<{ key: string; value?: T; error?: unknown }>({ key })

  async function reload(): Promise<void> {
    const answer = await ask().then(
      (value) => ({ key, value }),
      (error: unknown) => ({ ...state.value, key, error }),
    )
    if (state.value.key === key) state.value = answer
  }

  useEffect(() => {
    state.value = { ...state.value, key }
    void reload()
  }, [key])
  return { ...state.value, reload }
}

/** What was fetched, once it is there. */
export function Shown<T>({ of, children }: { of: Fetched<T>; children: (value: T) => ComponentChildren }) {
  if (of.error !== undefined) return <Notice tone="bad" title={errorText(of.error)} />
  if (of.value === undefined) return <p class="quiet">{commonTexts.value.loading}</p>
  return <>{children(of.value)}</>
}
