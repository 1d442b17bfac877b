import { Icon, type IconName } from './icon.tsx'

/** A button whose words are heard, and seen when pointed at. */
export function IconButton({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }) {
  return (
    <button type="button" class="bare" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  )
}
