import { Icon, type IconName } from './icon.tsx'

/** A button with an icon; the label is its tooltip and accessible name. */
export function IconButton({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }) {
  return (
    <button type="button" class="bare" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  )
}
