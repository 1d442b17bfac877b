import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { errorText } from '../lib/error-text.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { Notice } from './notice.tsx'

/** The result of a request: loading, loaded or failed. */
export interface Fetched<T> {
  value?: T
  error?: unknown
  /** Loads again; the current value stays until the new one arrives. */
  reload: () => Promise<void>
}

/** Loads whenever `key` changes. Responses to outdated keys are ignored. */
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

/** Renders the value once it is loaded. */
export function Shown<T>({ of, children }: { of: Fetched<T>; children: (value: T) => ComponentChildren }) {
  if (of.error !== undefined) return <Notice tone="bad" title={errorText(of.error)} />
  if (of.value === undefined) return <p class="quiet">{commonTexts.value.loading}</p>
  return <>{children(of.value)}</>
}
