import { formatNumber } from '../lib/format.ts'
import { DraftField, DraftSelect } from '../ui/draft-fields.tsx'
import { SwitchField } from '../ui/switch-field.tsx'
import type { ParameterSchema } from './job.ts'
import { jobsTexts } from './texts/jobs.ts'

interface Props {
  schema: Record<string, ParameterSchema>
  values: Record<string, unknown>
  /** Empty fields are left out: the action has a default, or the server reports what is missing. */
  onChange: (values: Record<string, unknown>) => void
}

/** Fields for the parameters of an action, from its JSON schema. */
export function ParameterFields({ schema, values, onChange }: Props) {
  return (
    <>
      {Object.entries(schema).map(([name, property]) => (
        <ParameterField
          key={name}
          name={name}
          schema={property}
          value={values[name]}
          onChange={(value) => {
            const { [name]: _old, ...others } = values
            onChange(value === undefined ? others : { ...others, [name]: value })
          }}
        />
      ))}
    </>
  )
}

interface FieldProps {
  name: string
  schema: ParameterSchema
  value: unknown
  onChange: (value: unknown) => void
}

function ParameterField({ name, schema, value = schema.default, onChange }: FieldProps) {
  if (schema.type === 'boolean') return <SwitchField label={name} isOn={value === true} onChange={onChange} />
  if (schema.enum)
    return (
      <DraftSelect
        label={name}
        value={String(value ?? '')}
        options={schema.enum.map((choice): [string, string] => [choice, choice])}
        onChange={onChange}
      />
    )
  const isNumber = schema.type === 'integer' || schema.type === 'number'
  return (
    <DraftField
      label={name}
      type={isNumber ? 'number' : 'text'}
      value={value === undefined || value === null ? '' : String(value)}
      onChange={(text) => onChange(text === '' ? undefined : isNumber ? Number(text) : text)}
      {...rangeOf(schema)}
    />
  )
}

function rangeOf({ minimum, maximum }: ParameterSchema): { hint?: string } {
  if (minimum === undefined || maximum === undefined) return {}
  return { hint: jobsTexts.value.range(formatNumber(minimum), formatNumber(maximum)) }
}
