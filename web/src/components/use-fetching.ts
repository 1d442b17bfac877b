import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { keepOpen } from '../keep-open.ts'
import type { Fetching } from '../receiving/fetch-file.ts'

/** Bytes. */
interface Progress {
  read: number
  total: number
}

/** One download at a time that passes through the page: how far it is, why it failed, and an end before its end. */
export function useFetching() {
  const progress = useSignal<Progress | undefined>(undefined)
  const problem = useSignal<{ error: unknown } | undefined>(undefined)
  const running = useRef<AbortController | undefined>(undefined)

  async function run(work: (fetching: Fetching) => Promise<void>): Promise<void> {
    if (running.current) return
    const ending = new AbortController()
    running.current = ending
    problem.value = undefined
    let release: (() => void) | undefined
    const onProgress = (read: number, total: number) => {
      release ??= keepOpen()
      progress.value = { read, total }
    }
    await work({ onProgress, signal: ending.signal }).catch((error: unknown) => {
      if (!ending.signal.aborted) problem.value = { error }
    })
    release?.()
    progress.value = undefined
    running.current = undefined
  }

  return { progress, problem, run, cancel: () => running.current?.abort() }
}
