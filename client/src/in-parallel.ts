/**
 * Runs `work` on every item, `count` at a time. After a failure nothing more is started and the rest is aborted by the
 * signal that `work` gets; rejects with that failure.
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
  await Promise.allSettled(runs) // none is left running
  signal?.throwIfAborted()
  failure.signal.throwIfAborted()
}
