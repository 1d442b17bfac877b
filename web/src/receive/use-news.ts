import { type ReadonlySignal, useComputed } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { now } from '../lib/clock.ts'
import type { Received } from './received.ts'
import { isFetching } from './use-fetching.ts'
import { hasExpired, isUnsettled } from './view.ts'
import { watch } from './watch.ts'

/**
 * Reloads the upload while changes are expected, and when it expires: the server decides that, since the local clock may be
 * wrong. Returns a function that reloads immediately.
 */
export function useNews(received: ReadonlySignal<Received>, refresh: () => Promise<void>): () => Promise<void> {
  const watching = useRef<ReturnType<typeof watch> | undefined>(undefined)
  const isOver = useComputed(
    () => received.value.state === 'open' && hasExpired(received.value.view.upload, now.value),
  ).value

  async function look(): Promise<void> {
    await refresh()
    watching.current?.hurry()
  }

  useEffect(() => {
    const isAwaited = (): boolean => {
      const { value } = received
      return (
        value.state === 'open' && !isFetching() && (isUnsettled(value.view) || hasExpired(value.view.upload, now.value))
      )
    }
    watching.current = watch(refresh, isAwaited)
    return watching.current.stop
  }, [refresh])
  useEffect(() => {
    if (isOver) void look()
  }, [isOver])
  return look
}
