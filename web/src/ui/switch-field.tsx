interface Props {
  label: string
  isOn: boolean
  /** Others have decided. */
  isFixed?: boolean
  onChange: (isOn: boolean) => void
}

/** A yes or no that is told beside it. */
export function SwitchField({ label, isOn, isFixed = false, onChange }: Props) {
  return (
    <label class="switch">
      <input
        type="checkbox"
        role="switch"
        aria-checked={isOn}
        checked={isOn}
        disabled={isFixed}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      <span>{label}</span>
    </label>
  )
}
