/** A source that can also be ended from outside, even while it stalls. */
export interface Interruptible<T> extends AsyncIterable<T> {
  /** Makes the pending or the next pull throw `reason`. The first reason wins. */
  interrupt: (reason: unknown) => void
}

/**
 * `Promise.race` would do the same in a line, but leaves a reaction on the long-lived promise for every chunk, until the
 * upload ends (nodejs/node#29385): here one rejection function is replaced at each pull.
 */
export function interruptible<T>(source: AsyncIterable<T>, signal: AbortSignal | undefined): Interruptible<T> {
  let interruption: { reason: unknown } | undefined
  let endPull: ((reason: unknown) => void) | undefined

  function interrupt(reason: unknown): void {
    interruption ??= { reason }
    endPull?.(interruption.reason)
  }

  async function* chunks(): AsyncGenerator<T> {
    const abort = () => interrupt(signal?.reason)
    signal?.addEventListener('abort', abort)
    if (signal?.aborted) abort()
    const iterator = source[Symbol.asyncIterator]()
    let ended = false
    try {
      while (true) {
        const step = await new Promise<IteratorResult<T>>((resolve, reject) => {
          endPull = reject
          if (interruption) reject(interruption.reason)
          else iterator.next().then(resolve, reject)
        })
        ended = step.done === true
        if (step.done) return
        yield step.value
      }
    } finally {
      signal?.removeEventListener('abort', abort)
      // Not awaited: a generator that stalls answers `return` only after the chunk that never comes.
      if (!ended) iterator.return?.().catch(() => {})
    }
  }

  return { [Symbol.asyncIterator]: chunks, interrupt }
}
