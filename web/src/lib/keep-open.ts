/** From now on the browser asks before it closes the page, which is at work; what it returns ends that. */
export function keepOpen(): () => void {
  const ask = (event: BeforeUnloadEvent) => event.preventDefault()
  addEventListener('beforeunload', ask)
  return () => removeEventListener('beforeunload', ask)
}
