import { Icon, type IconName } from '../ui/icon.tsx'
import type { Outcome } from './job.ts'
import { jobsTexts } from './texts/jobs.ts'

const ICONS: Record<Outcome, IconName> = {
  in_progress: 'play',
  retrying: 'again',
  succeeded: 'check',
  failed: 'close',
  cancelled: 'pause',
}

/** An icon beside the text of an outcome. Undefined: the job never ran. */
export function OutcomeMark({ outcome }: { outcome: Outcome | undefined }) {
  return (
    <span class={`file-icon outcome ${outcome ?? 'never'}`}>
      <Icon name={outcome === undefined ? 'clock' : ICONS[outcome]} />
    </span>
  )
}

export function outcomeText(outcome: Outcome): string {
  const t = jobsTexts.value
  return {
    in_progress: t.inProgress,
    retrying: t.retrying,
    succeeded: t.succeeded,
    failed: t.failed,
    cancelled: t.cancelled,
  }[outcome]
}
