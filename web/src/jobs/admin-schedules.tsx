import { formatDate } from '../lib/format.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { DialogButton } from '../ui/dialog-button.tsx'
import { Shown, useFetched } from '../ui/fetched.tsx'
import { Icon } from '../ui/icon.tsx'
import { Section } from '../ui/section.tsx'
import type { Schedule } from './job.ts'
import { deleteSchedule, listSchedules } from './jobs-api.ts'
import { JobsFrame } from './jobs-frame.tsx'
import { ScheduleDialog } from './schedule-dialog.tsx'
import { jobsTexts } from './texts/jobs.ts'

export function AdminSchedulesPage() {
  return (
    <JobsFrame>
      <Schedules />
    </JobsFrame>
  )
}

function Schedules() {
  const t = jobsTexts.value
  const schedules = useFetched('schedules', listSchedules)
  return (
    <Section
      title={t.tabSchedules}
      text={t.schedulesText}
      action={
        <DialogButton icon="plus" label={t.newSchedule}>
          {(close) => <ScheduleDialog onSaved={schedules.reload} onClose={close} />}
        </DialogButton>
      }
    >
      <Shown of={schedules}>
        {(list) => (
          <ul class="rows" aria-label={t.tabSchedules}>
            {list.map((schedule) => (
              <ScheduleRow key={schedule.id} schedule={schedule} reload={schedules.reload} />
            ))}
          </ul>
        )}
      </Shown>
    </Section>
  )
}

function ScheduleRow({ schedule, reload }: { schedule: Schedule; reload: () => Promise<void> }) {
  const t = jobsTexts.value
  const { id, name, isEnabled, activeFrom, activeTo } = schedule
  return (
    <li class={`row ${isEnabled ? '' : 'off'}`}>
      <span class="file-icon">
        <Icon name="clock" />
      </span>
      <div class="row-main">
        <span class="row-title">{name}</span>
        <p class="facts quiet">
          <When schedule={schedule} />
          {activeFrom && <span>{t.activeFromTo(formatDate(Date.parse(activeFrom)))}</span>}
          {activeTo && <span>{t.activeUntil(formatDate(Date.parse(activeTo)))}</span>}
          {!isEnabled && <span>{t.disabled}</span>}
        </p>
      </div>
      <div class="row-actions">
        <DialogButton icon="options" label={t.changeOf(name)} look="bare">
          {(close) => <ScheduleDialog schedule={schedule} onSaved={reload} onClose={close} />}
        </DialogButton>
        <DialogButton icon="trash" label={t.deleteOf(name)} look="bare">
          {(close) => (
            <ConfirmDialog
              title={t.deleteOf(name)}
              text={t.deleteScheduleSure(name)}
              onConfirm={() => deleteSchedule(id).then(reload)}
              onClose={close}
            />
          )}
        </DialogButton>
      </div>
    </li>
  )
}

function When({ schedule: { kind, cron, timeZone, at } }: { schedule: Schedule }) {
  const t = jobsTexts.value
  if (kind === 'start') return <span>{t.kindStart}</span>
  if (kind === 'once') return <span>{formatDate(Date.parse(at ?? ''))}</span>
  return (
    <span>
      <code>{cron}</code> {timeZone}
    </span>
  )
}
