import type { Signal } from '@preact/signals'
import { DraftField, type FieldProps } from './draft-fields.tsx'

/** A labelled text field. */
export function TextField({ value, ...rest }: Omit<FieldProps, 'value' | 'onChange'> & { value: Signal<string> }) {
  return (
    <DraftField
      {...rest}
      value={value.value}
      onChange={(text) => {
        value.value = text
      }}
    />
  )
}
