import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { useTitle } from '../lib/title.ts'

interface Props {
  title: string
  /** What it is about, in a line. */
  text?: string
  /** 1: what the page is about; 2: a part of it. */
  level?: 1 | 2
  /** What can be done with all of it, at the end of the line. */
  action?: ComponentChildren
  children: ComponentChildren
}

/** A card under a heading. */
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
