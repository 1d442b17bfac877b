/**
 * Calls `work`, which must not throw, each `everyMs` from `start` to `stop`, and leaves out a turn while the one before is
 * not done. A plain timer: it depends on no wall clock, and makes up for nothing after the process was suspended.
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
