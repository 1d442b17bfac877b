import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { commonTexts } from '../i18n/common.ts'
import { Icon } from './icon.tsx'

interface Props {
  title: string
  onClose: () => void
  isWide?: boolean
  children: ComponentChildren
}

/** In front of everything; Escape closes it, and the focus goes back where it was: the browser sees to both. */
export function Dialog({ title, onClose, isWide = false, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} class={isWide ? 'wide' : ''} aria-labelledby={id} onClose={onClose}>
      <div class="dialog-head">
        <h2 id={id}>{title}</h2>
        <button type="button" class="bare" aria-label={commonTexts.value.close} onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </div>
      {children}
    </dialog>
  )
}
