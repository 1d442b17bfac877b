import { useSignal } from '@preact/signals'
import { href, navigate, route } from '../lib/router.ts'
import { ActionForm } from '../ui/action-form.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { DialogButton } from '../ui/dialog-button.tsx'
import { DraftField, DraftSelect } from '../ui/draft-fields.tsx'
import { Shown, useFetched } from '../ui/fetched.tsx'
import { Icon } from '../ui/icon.tsx'
import { Section } from '../ui/section.tsx'
import { SwitchField } from '../ui/switch-field.tsx'
import type { Action, JobDraft, Operator, Schedule } from './job.ts'
import { changeJob, createJob, deleteJob, getJob, listActions, listOperators, listSchedules } from './jobs-api.ts'
import { JobsFrame } from './jobs-frame.tsx'
import { StepsEditor } from './steps-editor.tsx'
import { jobsTexts } from './texts/jobs.ts'

export function AdminJobPage() {
  return (
    <JobsFrame>
      <Loaded key={route.value.query.get('job')} id={route.value.query.get('job')} />
    </JobsFrame>
  )
}

interface Known {
  draft: JobDraft
  actions: Action[]
  schedules: Schedule[]
  operators: Operator[]
}

function Loaded({ id }: { id: string | null }) {
  const known = useFetched(id ?? 'new', async (): Promise<Known> => {
    const [actions, schedules, operators] = await Promise.all([listActions(), listSchedules(), listOperators()])
    return { draft: id === null ? newJob(actions) : await draftOf(id), actions, schedules, operators }
  })
  return <Shown of={known}>{(all) => <JobForm id={id} known={all} />}</Shown>
}

const newStep = (actions: Action[]) => ({
  name: 'step',
  action: actions[0]?.name ?? '',
  parameters: {},
  onSuccess: 'next' as const,
  onFailure: 'quit_failure' as const,
  retryAttempts: 0,
  retryIntervalSeconds: 0,
  timeoutSeconds: 0,
})

const newJob = (actions: Action[]): JobDraft => ({
  name: '',
  description: '',
  category: 'other',
  isEnabled: true,
  startStep: 1,
  notifyOn: 'never',
  operator: null,
  steps: [newStep(actions)],
  schedules: [],
})

/** The editable properties of a job. */
async function draftOf(id: string): Promise<JobDraft> {
  const { name, description, category, isEnabled, startStep, notifyOn, operator, steps, schedules } = await getJob(id)
  return { name, description, category, isEnabled, startStep, notifyOn, operator, steps, schedules }
}

function JobForm({ id, known }: { id: string | null; known: Known }) {
  const t = jobsTexts.value
  const draft = useSignal(known.draft)
  const change = (part: Partial<JobDraft>): void => {
    draft.value = { ...draft.value, ...part }
  }

  async function save(): Promise<void> {
    await (id === null ? createJob(draft.value) : changeJob(id, draft.value))
    navigate('/admin/jobs')
  }

  return (
    <Section
      title={id === null ? t.newJob : known.draft.name}
      action={
        id !== null && (
          <a class="button plain" href={href('/admin/jobs/history', { job: id })}>
            <Icon name="clock" />
            {t.tabHistory}
          </a>
        )
      }
    >
      <ActionForm
        action={t.save}
        onSubmit={save}
        more={id !== null && <DeleteButton id={id} name={known.draft.name} />}
      >
        <GeneralFields draft={draft.value} change={change} operators={known.operators} />
        <StepsEditor
          draft={draft.value}
          actions={known.actions}
          change={change}
          newStep={() => newStep(known.actions)}
        />
        <ScheduleChoice draft={draft.value} change={change} schedules={known.schedules} />
      </ActionForm>
    </Section>
  )
}

function DeleteButton({ id, name }: { id: string; name: string }) {
  const t = jobsTexts.value
  return (
    <DialogButton icon="trash" label={t.deleteJob} look="plain danger">
      {(close) => (
        <ConfirmDialog
          title={t.deleteOf(name)}
          text={t.deleteJobSure(name)}
          onConfirm={() => deleteJob(id).then(() => navigate('/admin/jobs'))}
          onClose={close}
        />
      )}
    </DialogButton>
  )
}

interface PartProps {
  draft: JobDraft
  change: (part: Partial<JobDraft>) => void
}

function GeneralFields({ draft, change, operators }: PartProps & { operators: Operator[] }) {
  const t = jobsTexts.value
  return (
    <>
      <SwitchField label={t.enabled} isOn={draft.isEnabled} onChange={(isEnabled) => change({ isEnabled })} />
      <div class="fields">
        <DraftField label={t.name} value={draft.name} onChange={(name) => change({ name })} required />
        <DraftField label={t.category} value={draft.category} onChange={(category) => change({ category })} required />
        <DraftField
          label={t.description}
          value={draft.description}
          onChange={(description) => change({ description })}
          isWide
        />
        <DraftSelect
          label={t.startStep}
          value={String(draft.startStep)}
          options={draft.steps.map(({ name }, index): [string, string] => [String(index + 1), `${index + 1}. ${name}`])}
          onChange={(step) => change({ startStep: Number(step) })}
        />
        <DraftSelect
          label={t.notifyOn}
          value={draft.notifyOn}
          options={[
            ['never', t.notifyNever],
            ['failure', t.notifyFailure],
            ['success', t.notifySuccess],
            ['completion', t.notifyCompletion],
          ]}
          onChange={(notifyOn) => change({ notifyOn })}
        />
        <DraftSelect
          label={t.operator}
          value={draft.operator ?? ''}
          options={[['', t.nobody], ...operators.map(({ id, name }): [string, string] => [id, name])]}
          onChange={(operator) => change({ operator: operator || null })}
        />
      </div>
    </>
  )
}

function ScheduleChoice({ draft, change, schedules }: PartProps & { schedules: Schedule[] }) {
  const t = jobsTexts.value
  return (
    <fieldset>
      <legend>{t.tabSchedules}</legend>
      {schedules.map(({ id, name, cron }) => (
        <label key={id} class="choice">
          <input
            type="checkbox"
            checked={draft.schedules.includes(id)}
            onChange={({ currentTarget }) =>
              change({
                schedules: currentTarget.checked
                  ? [...draft.schedules, id]
                  : draft.schedules.filter((chosen) => chosen !== id),
              })
            }
          />
          {name}
          {cron && <code class="quiet">{cron}</code>}
        </label>
      ))}
      <a href={href('/admin/jobs/schedules')}>{t.changeSchedules}</a>
    </fieldset>
  )
}
