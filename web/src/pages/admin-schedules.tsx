import { useSignal } from '@preact/signals'
import { ConfirmDialog } from '../components/confirm-dialog.tsx'
import { Shown, useFetched } from '../components/fetched.tsx'
import { Icon } from '../components/icon.tsx'
import { IconButton } from '../components/icon-button.tsx'
import { JobsFrame } from '../components/jobs-frame.tsx'
import { ScheduleDialog } from '../components/schedule-dialog.tsx'
import { formatDate } from '../format.ts'
import { jobsTexts } from '../i18n/jobs.ts'
import type { Schedule } from '../jobs/job.ts'
import { deleteSchedule, listSchedules } from '../jobs/jobs-api.ts'

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
  const isAdding = useSignal(false)
  return (
    <section class="card" aria-labelledby="schedules-title">
      <div class="section-head">
        <h1 id="schedules-title">{t.tabSchedules}</h1>
        <button
          type="button"
          class="plain"
          onClick={() => {
            isAdding.value = true
          }}
        >
          <Icon name="plus" />
          {t.newSchedule}
        </button>
      </div>
      <p class="quiet">{t.schedulesText}</p>
      <Shown of={schedules}>
        {(list) => (
          <ul class="rows" aria-label={t.tabSchedules}>
            {list.map((schedule) => (
              <ScheduleRow key={schedule.id} schedule={schedule} reload={schedules.reload} />
            ))}
          </ul>
        )}
      </Shown>
      {isAdding.value && (
        <ScheduleDialog
          onSaved={schedules.reload}
          onClose={() => {
            isAdding.value = false
          }}
        />
      )}
    </section>
  )
}

function ScheduleRow({ schedule, reload }: { schedule: Schedule; reload: () => Promise<void> }) {
  const t = jobsTexts.value
  const asked = useSignal<'edit' | 'delete' | undefined>(undefined)
  const ask = (what: 'edit' | 'delete' | undefined) => () => {
    asked.value = what
  }
  const { name, isEnabled, activeFrom, activeTo } = schedule
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
        <IconButton icon="options" label={t.changeOf(name)} onClick={ask('edit')} />
        <IconButton icon="trash" label={t.deleteOf(name)} onClick={ask('delete')} />
      </div>
      {asked.value === 'edit' && <ScheduleDialog schedule={schedule} onSaved={reload} onClose={ask(undefined)} />}
      {asked.value === 'delete' && (
        <ConfirmDialog
          title={t.deleteOf(name)}
          text={t.deleteScheduleSure(name)}
          onConfirm={async () => {
            await deleteSchedule(schedule.id)
            await reload()
          }}
          onClose={ask(undefined)}
        />
      )}
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
