import { useSignal } from '@preact/signals'
import { errorText } from '../lib/error-text.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { Dialog } from './dialog.tsx'

interface Props {
  title: string
  text: string
  /** Label of the confirming button; the default is "Delete". */
  action?: string
  /** Label of the other button; the default is "Keep". */
  refusal?: string
  /** An error is shown in the dialog, and the action can be tried again. */
  onConfirm: () => Promise<void> | void
  onClose: () => void
}

/** Asks for confirmation before data is deleted. */
export function ConfirmDialog({ title, text, action, refusal, onConfirm, onClose }: Props) {
  const t = commonTexts.value
  const problem = useSignal<string | undefined>(undefined)

  async function confirm(): Promise<void> {
    try {
      await onConfirm()
      onClose()
    } catch (error) {
      problem.value = errorText(error)
    }
  }

  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      {problem.value && (
        <p class="file-note bad" role="alert">
          {problem.value}
        </p>
      )}
      <div class="buttons end">
        <button type="button" class="plain" onClick={onClose}>
          {refusal ?? t.keep}
        </button>
        <button type="button" class="primary danger" onClick={() => void confirm()}>
          {action ?? t.delete}
        </button>
      </div>
    </Dialog>
  )
}
