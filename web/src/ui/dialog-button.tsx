import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './icon.tsx'

interface Props {
  icon: IconName
  label: string
  /** `bare`: only an icon; the label is its tooltip and accessible name. */
  look?: 'primary' | 'plain' | 'plain danger' | 'bare'
  /** The dialog; it is open until it calls `close`. */
  children: (close: () => void) => ComponentChildren
}

/** A button that opens a dialog. */
export function DialogButton({ icon, label, look = 'plain', children }: Props) {
  const isOpen = useSignal(false)
  const isBare = look === 'bare'
  const close = () => {
    isOpen.value = false
  }
  return (
    <>
      <button
        type="button"
        class={look}
        aria-haspopup="dialog"
        aria-label={isBare ? label : undefined}
        title={isBare ? label : undefined}
        onClick={() => {
          isOpen.value = true
        }}
      >
        <Icon name={icon} />
        {!isBare && label}
      </button>
      {isOpen.value && children(close)}
    </>
  )
}
