import { useSignal } from '@preact/signals'
import { errorText } from '../error-text.ts'
import { uploadTexts } from '../i18n/upload.ts'
import { Dialog } from './dialog.tsx'

interface Props {
  title: string
  text: string
  /** What the button says, unless it deletes. */
  action?: string
  /** What failed is said here, and can be tried again. */
  onConfirm: () => Promise<void>
  onClose: () => void
}

/** Asks before something is lost. */
export function ConfirmDialog({ title, text, action, onConfirm, onClose }: Props) {
  const t = uploadTexts.value
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
          {t.keep}
        </button>
        <button type="button" class="primary danger" onClick={() => void confirm()}>
          {action ?? t.delete}
        </button>
      </div>
    </Dialog>
  )
}
