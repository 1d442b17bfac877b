import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './icon.tsx'

interface Props {
  tone?: 'calm' | 'good' | 'bad'
  icon?: IconName
  title: ComponentChildren
  children?: ComponentChildren
}

/** A message. Screen readers announce errors immediately. */
export function Notice({ tone = 'calm', icon, title, children }: Props) {
  return (
    <div class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      {icon && <Icon name={icon} />}
      <div>
        <p class="notice-title">{title}</p>
        {children}
      </div>
    </div>
  )
}
