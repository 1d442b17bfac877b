import { useId } from 'preact/hooks'

/** Labelled fields. `value` is the current value; a hint can be shown below the field. */

export interface FieldProps {
  label: string
  value: string
  onChange: (value: string) => void
  type?: 'text' | 'number' | 'datetime-local' | 'email' | 'password'
  autoComplete?: string
  placeholder?: string
  hint?: string
  required?: boolean
  min?: number
  isCode?: boolean
  /** Takes the full width. */
  isWide?: boolean
}

export function DraftField({
  label,
  value,
  onChange,
  type = 'text',
  hint,
  isCode = false,
  isWide = false,
  ...rest
}: FieldProps) {
  const id = useId()
  const attributes: object = { type, ...rest } // Preact has a type for each kind of field, but none for all of them
  return (
    <div class={isWide ? 'field wide' : 'field'}>
      <label for={id}>{label}</label>
      <input
        {...attributes}
        id={id}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        class={isCode ? 'code' : ''}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
      {hint !== undefined && (
        <small id={`${id}-hint`} class="quiet">
          {hint}
        </small>
      )}
    </div>
  )
}

export interface SelectProps<T extends string> {
  label: string
  value: T
  options: readonly (readonly [T, string])[]
  onChange: (value: T) => void
}

export function DraftSelect<T extends string>({ label, value, options, onChange }: SelectProps<T>) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value as T)}>
        {options.map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
