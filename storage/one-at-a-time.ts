/**
 * Runs `run` without overlap. Callers that arrive during a run share the next one, which starts after their call and so covers
 * their changes.
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
