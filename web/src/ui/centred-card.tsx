import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './icon.tsx'
import { PageTitle } from './page-title.tsx'

interface Props {
  icon: IconName
  title: string
  text: ComponentChildren
  /** Went wrong, so that it is read out at once. */
  isBad?: boolean
  /** Actions, such as links and buttons. */
  children?: ComponentChildren
}

/** A page with a single message or question. */
export function CentredCard({ icon, title, text, isBad = false, children }: Props) {
  return (
    <section class={`card centred narrow ${isBad ? 'troubled' : ''}`}>
      <span class="drop-mark">
        <Icon name={icon} size={28} />
      </span>
      <PageTitle>{title}</PageTitle>
      <p class="quiet" role={isBad ? 'alert' : 'status'}>
        {text}
      </p>
      {children}
    </section>
  )
}
