import { useEffect, useRef } from 'preact/hooks'

/** What closes a view is the browser's way back, so that this does not lead away from the list. Returns what goes back. */
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
