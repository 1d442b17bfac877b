import type { Signal } from '@preact/signals'
import { Dialog } from '../ui/dialog.tsx'
import { sendTexts } from './texts/send.ts'

interface Props {
  /** What is written stays in it when the dialog is closed. */
  written: Signal<string>
  onAdd: () => void
  onClose: () => void
}

/** Writes a text that is sent as a file. */
export function TextDialog({ written, onAdd, onClose }: Props) {
  const t = sendTexts.value
  return (
    <Dialog title={t.textTitle} onClose={onClose} isWide>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault()
          onAdd()
        }}
      >
        <textarea
          class="code"
          rows={12}
          required
          aria-label={t.textLabel}
          value={written.value}
          onInput={({ currentTarget }) => {
            written.value = currentTarget.value
          }}
        />
        <button type="submit" class="primary">
          {t.addText}
        </button>
      </form>
    </Dialog>
  )
}
