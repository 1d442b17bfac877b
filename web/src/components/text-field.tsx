import type { Signal } from '@preact/signals'
import { useId } from 'preact/hooks'

interface Props {
  label: string
  value: Signal<string>
  /** Below the field: what may be written in it. */
  hint?: string
  type?: 'text' | 'email' | 'password' | 'number' | 'datetime-local'
  autoComplete?: string
  placeholder?: string
  required?: boolean
  isCode?: boolean
  min?: number
}

/** A labelled line that people write on. */
export function TextField({ label, value, hint, type = 'text', isCode = false, ...rest }: Props) {
  const attributes: object = { type, ...rest } // Preact has types for each kind of field, but none for all of them
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...attributes}
        id={id}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        class={isCode ? 'code' : ''}
        value={value.value}
        onInput={({ currentTarget }) => {
          value.value = currentTarget.value
        }}
      />
      {hint !== undefined && (
        <small id={`${id}-hint`} class="quiet">
          {hint}
        </small>
      )}
    </div>
  )
}
