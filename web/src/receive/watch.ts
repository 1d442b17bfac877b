/** Polling. */

const FIRST_MS = 2_000
const LAST_MS = 20_000

/**
 * Calls `look` at increasing intervals while the page is visible and `isWorthwhile`. `hurry` restarts with a short interval,
 * because changes are expected.
 */
export function watch(look: () => Promise<unknown>, isWorthwhile: () => boolean) {
  let delay = FIRST_MS
  let timer: ReturnType<typeof setTimeout> | undefined

  async function lookAgain(): Promise<void> {
    if (!document.hidden && isWorthwhile()) await look()
    delay = Math.min(LAST_MS, delay * 1.5)
    plan()
  }
  function plan(): void {
    clearTimeout(timer)
    timer = setTimeout(() => void lookAgain(), delay)
  }
  function hurry(): void {
    delay = FIRST_MS
    plan()
  }
  const onVisible = () => document.hidden || hurry()

  document.addEventListener('visibilitychange', onVisible)
  plan()
  return {
    hurry,
    stop: () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisible)
    },
  }
}
