import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { keepOpen } from '../lib/keep-open.ts'
import type { Fetching } from './fetch-file.ts'

/** Bytes. */
interface Progress {
  read: number
  total: number
}

const busy = new Set<object>()

/** Whether a download through the page is running, or its error is still shown. */
export const isFetching = (): boolean => busy.size > 0

/** State of one download through the page: progress, error and cancellation. */
export function useFetching() {
  const progress = useSignal<Progress | undefined>(undefined)
  const problem = useSignal<{ error: unknown } | undefined>(undefined)
  const running = useRef<AbortController | undefined>(undefined)

  useEffect(() => () => void busy.delete(running), [])

  /** False if it failed, was cancelled, or another one is running. */
  async function run(work: (fetching: Fetching) => Promise<void>): Promise<boolean> {
    if (running.current) return false
    const ending = new AbortController()
    running.current = ending
    problem.value = undefined
    busy.add(running)
    let release: (() => void) | undefined
    const onProgress = (read: number, total: number) => {
      release ??= keepOpen()
      progress.value = { read, total }
    }
    const isDone = await work({ onProgress, signal: ending.signal }).then(
      () => true,
      (error: unknown) => {
        if (!ending.signal.aborted) problem.value = { error }
        return false
      },
    )
    release?.()
    if (!problem.value) busy.delete(running)
    progress.value = undefined
    running.current = undefined
    return isDone
  }

  return { progress, problem, run, cancel: () => running.current?.abort() }
}
