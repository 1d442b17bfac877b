import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { keepOpen } from '../keep-open.ts'
import type { Fetching } from '../receiving/fetch-file.ts'

/** Bytes. */
interface Progress {
  read: number
  total: number
}

let fetching = 0

/** Whether anything is on its way through the page. */
export const isFetching = (): boolean => fetching > 0

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
    fetching++
    let release: (() => void) | undefined
    const onProgress = (read: number, total: number) => {
      release ??= keepOpen()
      progress.value = { read, total }
    }
    await work({ onProgress, signal: ending.signal }).catch((error: unknown) => {
      if (!ending.signal.aborted) problem.value = { error }
    })
    release?.()
    fetching--
    progress.value = undefined
    running.current = undefined
  }

  return { progress, problem, run, cancel: () => running.current?.abort() }
}
