import type { Signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { DraftSelect, type SelectProps } from './draft-fields.tsx'

/** The fields above a list: search, filters and order. */

/** Long enough to finish typing a word. */
const TYPING_MS = 250

/** `value` is updated when typing pauses. */
export function SearchField({ label, value }: { label: string; value: Signal<string> }) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  return (
    <label class="field grow">
      <span>{label}</span>
      <input
        type="search"
        defaultValue={value.value}
        onInput={({ currentTarget }) => {
          clearTimeout(timer.current)
          timer.current = setTimeout(() => {
            value.value = currentTarget.value.trim()
          }, TYPING_MS)
        }}
      />
    </label>
  )
}

export function SelectField<T extends string>({
  value,
  ...rest
}: Omit<SelectProps<T>, 'value' | 'onChange'> & { value: Signal<T> }) {
  return (
    <DraftSelect
      {...rest}
      value={value.value}
      onChange={(chosen) => {
        value.value = chosen
      }}
    />
  )
}
