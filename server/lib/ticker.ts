/**
 * Calls `work`, which must not throw, every `everyMs` from `start` to `stop`, and skips a turn while the previous one is
 * still running. A plain timer: it does not depend on a wall clock, and does not catch up after the process was
 * suspended.
 */
export function createTicker(everyMs: number, work: () => Promise<unknown>) {
  let timer: NodeJS.Timeout | undefined
  let isBusy = false

  async function tick(): Promise<void> {
    if (isBusy) return
    isBusy = true
    await work().finally(() => {
      isBusy = false
    })
  }

  return {
    start: (): void => {
      timer ??= setInterval(() => void tick(), everyMs)
    },
    stop: (): void => clearInterval(timer),
  }
}
