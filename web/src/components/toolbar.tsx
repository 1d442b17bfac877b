import type { Signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

/** The fields above a list, by which people choose what is in it. */

/** Long enough to finish a word. */
const TYPING_MS = 250

/** `value` follows what is typed once people pause. */
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

interface SelectProps<T extends string> {
  label: string
  value: Signal<T>
  options: readonly (readonly [T, string])[]
}

export function SelectField<T extends string>({ label, value, options }: SelectProps<T>) {
  return (
    <label class="field">
      <span>{label}</span>
      <select
        value={value.value}
        onChange={({ currentTarget }) => {
          value.value = currentTarget.value as T
        }}
      >
        {options.map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
