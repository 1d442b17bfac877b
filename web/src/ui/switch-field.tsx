interface Props {
  label: string
  isOn: boolean
  /** The value can't be changed, because the server fixes it. */
  isFixed?: boolean
  onChange: (isOn: boolean) => void
}

/** A labelled switch. */
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
