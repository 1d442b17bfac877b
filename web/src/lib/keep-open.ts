/** Lets the browser ask before it closes the page. Returns a function that ends this. */
export function keepOpen(): () => void {
  const ask = (event: BeforeUnloadEvent) => event.preventDefault()
  addEventListener('beforeunload', ask)
  return () => removeEventListener('beforeunload', ask)
}
