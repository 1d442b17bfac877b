import { useId } from 'preact/hooks'
import { CopyButton } from './copy-button.tsx'

/** A read-only text for copying, such as a link or a command. */
export function CopyField({ label, text, isCommand = false }: { label: string; text: string; isCommand?: boolean }) {
  const id = useId()
  return (
    <div class="copy-field">
      <label for={id}>{label}</label>
      <div class="copy-line">
        <input
          id={id}
          class={isCommand ? 'code' : ''}
          readOnly
          value={text}
          onFocus={(event) => event.currentTarget.select()}
        />
        <CopyButton text={text} />
      </div>
    </div>
  )
}
