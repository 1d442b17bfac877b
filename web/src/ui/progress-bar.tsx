/** `sent` and `total` in bytes; a total of 0 counts as complete. */
export function ProgressBar({ sent, total, label }: { sent: number; total: number; label: string }) {
  const percent = total === 0 ? 100 : Math.min(100, (sent / total) * 100)
  return <progress aria-label={label} max={100} value={percent} />
}
