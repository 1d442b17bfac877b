import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './icon.tsx'
import { PageTitle } from './page-title.tsx'

interface Props {
  icon: IconName
  title: string
  text: string
  /** What can be done about it. */
  children?: ComponentChildren
}

/** A page that has one thing to say, or to ask. */
export function CentredCard({ icon, title, text, children }: Props) {
  return (
    <section class="card centred narrow">
      <span class="drop-mark">
        <Icon name={icon} size={28} />
      </span>
      <PageTitle>{title}</PageTitle>
      <p class="quiet" role="status">
        {text}
      </p>
      {children}
    </section>
  )
}
