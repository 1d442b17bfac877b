/**
 * Runs never overlap, and callers that arrive while one is under way share the next: only that one starts after their
 * call, so that what they wait for is surely seen.
 */
export function oneAtATime<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  let next: Promise<T> | undefined

  function start(): Promise<T> {
    running = run().finally(() => {
      running = undefined
    })
    return running
  }

  function startAfterRunning(): Promise<T> {
    const restart = () => {
      next = undefined
      return start()
    }
    return running ? running.then(restart, restart) : restart()
  }

  return () => {
    if (!running) return start()
    next ??= startAfterRunning()
    return next
  }
}
