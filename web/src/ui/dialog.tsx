import type { ComponentChildren, RefObject } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { commonTexts } from '../lib/texts/common.ts'
import { Icon } from './icon.tsx'

interface Props {
  title: string
  onClose: () => void
  isWide?: boolean
  children: ComponentChildren
}

/** Opens the referenced `<dialog>` as a modal. The browser closes it on Escape and restores the focus. */
export function useModal(onClose: () => void): RefObject<HTMLDialogElement | null> {
  const dialog = useRef<HTMLDialogElement>(null)
  const whenClosed = useRef(onClose)
  whenClosed.current = onClose
  useLayoutEffect(() => {
    const element = dialog.current
    const tell = () => whenClosed.current()
    element?.addEventListener('close', tell)
    element?.showModal()
    return () => {
      element?.removeEventListener('close', tell) // the page itself removed the dialog, and may open it again
      element?.close() // restores the focus, which removing the element would not
    }
  }, [])
  return dialog
}

export function Dialog({ title, onClose, isWide = false, children }: Props) {
  const dialog = useModal(onClose)
  const id = useId()
  return (
    <dialog ref={dialog} class={isWide ? 'wide' : ''} aria-labelledby={id}>
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
