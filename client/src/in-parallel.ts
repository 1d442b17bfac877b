/**
 * Runs `work` on every item, `count` at a time. After a failure no more items are started and the others are aborted through the
 * signal passed to `work`; rejects with that failure.
 */
export async function inParallel<T>(
  items: readonly T[],
  count: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failure = new AbortController()
  const ended = signal ? AbortSignal.any([failure.signal, signal]) : failure.signal
  const queue = [...items]
  async function run(): Promise<void> {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      ended.throwIfAborted()
      await work(item, ended)
    }
  }
  const runs = Array.from({ length: Math.min(count, items.length) }, () =>
    run().catch((error: unknown) => {
      failure.abort(error)
      throw error
    }),
  )
  await Promise.allSettled(runs) // none is still running when this returns
  signal?.throwIfAborted()
  failure.signal.throwIfAborted()
}
