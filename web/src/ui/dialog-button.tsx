import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './icon.tsx'

interface Props {
  icon: IconName
  label: string
  /** `bare`: the words are heard, and seen when pointed at. */
  look?: 'primary' | 'plain' | 'plain danger' | 'bare'
  /** The dialog; it is there until it calls `close`. */
  children: (close: () => void) => ComponentChildren
}

/** A button, and the dialog that it opens. */
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
