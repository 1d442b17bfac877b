import { useEffect, useRef } from 'preact/hooks'
import { useTitle } from '../lib/title.ts'

/** Whether the user has interacted with the page: before that, the focus is not moved. */
let isInUse = false
addEventListener('focusin', () => {
  isInUse = true
})

/**
 * The heading of a view. If the focused element disappeared with the previous view, the focus moves here, so that keyboard users
 * continue in the right place and screen readers announce the new view.
 */
export function PageTitle({ id, children }: { id?: string; children: string }) {
  const title = useRef<HTMLHeadingElement>(null)
  useTitle(children)
  useEffect(() => {
    if (isInUse && document.activeElement === document.body) title.current?.focus()
  }, [])
  return (
    <h1 ref={title} id={id} tabIndex={-1}>
      {children}
    </h1>
  )
}
