import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { useTitle } from '../lib/title.ts'

interface Props {
  title: string
  /** A line of explanation. */
  text?: string
  /** 1: heading of the page; 2: heading of a part. */
  level?: 1 | 2
  /** An action for the whole section, at the end of the heading. */
  action?: ComponentChildren
  children: ComponentChildren
}

/** A card with a heading. */
export function Section({ title, text, level = 1, action, children }: Props) {
  const id = useId()
  const Heading = `h${level}` as const
  useTitle(level === 1 ? title : undefined)
  return (
    <section class="card" aria-labelledby={id}>
      <div class="section-head">
        <div class="section-title">
          <Heading id={id}>{title}</Heading>
          {text && <p class="quiet">{text}</p>}
        </div>
        {action}
      </div>
      {children}
    </section>
  )
}
