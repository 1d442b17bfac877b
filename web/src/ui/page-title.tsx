import { useEffect, useRef } from 'preact/hooks'
import { useTitle } from '../lib/title.ts'

/** Whether people have begun to use the page: before that, nothing takes the focus. */
let isInUse = false
addEventListener('focusin', () => {
  isInUse = true
})

/**
 * What a view is about. When the view takes the place of another, and the focus went away with that, it comes here: so the
 * keyboard continues from the right place, and a screen reader says what is new.
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
