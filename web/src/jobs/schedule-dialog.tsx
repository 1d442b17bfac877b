import { useSignal } from '@preact/signals'
import { ActionForm } from '../ui/action-form.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { DraftField, DraftSelect } from '../ui/draft-fields.tsx'
import { SwitchField } from '../ui/switch-field.tsx'
import type { Schedule, ScheduleDraft } from './job.ts'
import { saveSchedule } from './jobs-api.ts'
import { jobsTexts } from './texts/jobs.ts'

interface Props {
  /** Undefined: a new schedule. */
  schedule?: Schedule
  onSaved: () => Promise<void>
  onClose: () => void
}

/** Common cron expressions; any other is entered as text. */
const PRESETS = ['* * * * *', '0 * * * *', '0 3 * * *', '0 3 * * 1', '0 3 1 * *'] as const

const NEW: ScheduleDraft = {
  name: '',
  kind: 'cron',
  cron: '0 3 * * *',
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  at: null,
  isEnabled: true,
  activeFrom: null,
  activeTo: null,
  rerunLost: false,
}

/** Creates or edits a schedule. */
export function ScheduleDialog({ schedule, onSaved, onClose }: Props) {
  const t = jobsTexts.value
  const draft = useSignal<ScheduleDraft>(NEW)
  if (draft.value === NEW && schedule) {
    const { id: _id, ...rest } = schedule
    draft.value = rest
  }
  const { name, kind, isEnabled, activeFrom, activeTo, rerunLost } = draft.value
  const change = (part: Partial<ScheduleDraft>): void => {
    draft.value = { ...draft.value, ...part }
  }

  async function save(): Promise<void> {
    await saveSchedule(matching(draft.value), schedule?.id)
    await onSaved()
    onClose()
  }

  return (
    <Dialog title={schedule ? t.changeOf(schedule.name) : t.newSchedule} onClose={onClose} isWide>
      <ActionForm action={t.save} onSubmit={save}>
        <div class="fields">
          <DraftField label={t.name} value={name} onChange={(text) => change({ name: text })} required />
          <DraftSelect
            label={t.kind}
            value={kind}
            options={[
              ['cron', t.kindCron],
              ['once', t.kindOnce],
              ['start', t.kindStart],
            ]}
            onChange={(chosen) => change({ kind: chosen })}
          />
          {kind === 'cron' && <CronFields draft={draft.value} change={change} />}
          {kind === 'once' && <MomentField label={t.at} moment={draft.value.at} onChange={(at) => change({ at })} />}
          <MomentField label={t.activeFrom} moment={activeFrom} onChange={(moment) => change({ activeFrom: moment })} />
          <MomentField label={t.activeTo} moment={activeTo} onChange={(moment) => change({ activeTo: moment })} />
        </div>
        <div>
          <SwitchField label={t.enabled} isOn={isEnabled} onChange={(isOn) => change({ isEnabled: isOn })} />
          <SwitchField label={t.rerunLost} isOn={rerunLost} onChange={(isOn) => change({ rerunLost: isOn })} />
        </div>
      </ActionForm>
    </Dialog>
  )
}

/** Removes the properties that do not belong to the kind of the schedule. */
const matching = (draft: ScheduleDraft): ScheduleDraft => ({
  ...draft,
  cron: draft.kind === 'cron' ? draft.cron : null,
  at: draft.kind === 'once' ? draft.at : null,
})

function CronFields({ draft, change }: { draft: ScheduleDraft; change: (part: Partial<ScheduleDraft>) => void }) {
  const t = jobsTexts.value
  const names = [t.cronMinute, t.cronHour, t.cronNight, t.cronWeek, t.cronMonth]
  const cron = draft.cron ?? ''
  return (
    <>
      <DraftSelect
        label={t.frequency}
        value={PRESETS.find((preset) => preset === cron) ?? ''}
        options={[
          ...PRESETS.map((preset, index): [string, string] => [preset, names[index] as string]),
          ['', t.cronOwn],
        ]}
        onChange={(chosen) => change({ cron: chosen })}
      />
      <DraftField
        label={t.cron}
        value={cron}
        onChange={(text) => change({ cron: text })}
        hint={t.cronHint}
        isCode
        required
      />
      <DraftField label={t.timeZone} value={draft.timeZone} onChange={(timeZone) => change({ timeZone })} required />
    </>
  )
}

interface MomentProps {
  label: string
  /** ISO 8601, as in the server's JSON. */
  moment: string | null
  onChange: (moment: string | null) => void
}

/** A date and time in the local time zone. */
function MomentField({ label, moment, onChange }: MomentProps) {
  return (
    <DraftField
      label={label}
      type="datetime-local"
      value={moment === null ? '' : localText(new Date(moment))}
      onChange={(text) => onChange(text === '' ? null : new Date(text).toISOString())}
    />
  )
}

/** The format of a `datetime-local` field: `2026-11-23T18:05`. */
const localText = (date: Date): string =>
  new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
