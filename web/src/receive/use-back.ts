import { useEffect, useRef } from 'preact/hooks'

/** Lets the browser's Back button close a view instead of leaving the list. Returns the function that goes back. */
export function useBack(onClose: () => void): () => void {
  const isLeft = useRef(false)
  const whenLeft = useRef(onClose)
  whenLeft.current = onClose
  useEffect(() => {
    history.pushState(history.state, '')
    const leave = () => {
      isLeft.current = true
      whenLeft.current()
    }
    addEventListener('popstate', leave, { once: true })
    return () => removeEventListener('popstate', leave)
  }, [])
  return () => {
    if (!isLeft.current) history.back()
  }
}
