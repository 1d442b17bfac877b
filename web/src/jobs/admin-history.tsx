import { signal } from '@preact/signals'
import { now } from '../lib/clock.ts'
import { formatBytes, formatDate, formatElapsed, formatNumber } from '../lib/format.ts'
import { useKept } from '../lib/places.ts'
import { spoken } from '../lib/refusals.ts'
import { route } from '../lib/router.ts'
import { useFetched } from '../ui/fetched.tsx'
import { Icon } from '../ui/icon.tsx'
import { PagedList, usePaged } from '../ui/paged-list.tsx'
import { Section } from '../ui/section.tsx'
import { TextField } from '../ui/text-field.tsx'
import { SelectField } from '../ui/toolbar.tsx'
import type { Outcome, Run, StepRun } from './job.ts'
import { listJobs, listRuns } from './jobs-api.ts'
import { JobsFrame } from './jobs-frame.tsx'
import { OutcomeMark, outcomeText } from './outcome.tsx'
import { jobsTexts } from './texts/jobs.ts'

const OUTCOMES: Outcome[] = ['succeeded', 'failed', 'cancelled', 'in_progress', 'retrying']

export function AdminHistoryPage() {
  return (
    <JobsFrame>
      <History />
    </JobsFrame>
  )
}

/** Runs on a timeline, newest first. */
function History() {
  const t = jobsTexts.value
  const jobs = useFetched('jobs', listJobs)
  const job = useKept('job', () => signal(route.value.query.get('job') ?? ''))
  const outcome = useKept('outcome', () => signal<Outcome | ''>(''))
  const [from, to] = [useKept('from', () => signal('')), useKept('to', () => signal(''))]
  const filter = { job: job.value, outcome: outcome.value, from: momentOf(from.value), to: momentOf(to.value) }
  const list = usePaged(JSON.stringify(filter), (after) => listRuns(filter, after))
  const names = new Map(jobs.value?.map(({ id, name }) => [id, name]))
  return (
    <Section
      title={t.tabHistory}
      action={
        <button type="button" class="plain" onClick={() => void list.reload()}>
          <Icon name="again" />
          {t.refresh}
        </button>
      }
    >
      <div class="toolbar">
        <SelectField label={t.job} value={job} options={[['', t.all], ...names]} />
        <SelectField
          label={t.outcome}
          value={outcome}
          options={[['', t.all], ...OUTCOMES.map((one): [Outcome, string] => [one, outcomeText(one)])]}
        />
        <TextField label={t.from} value={from} type="datetime-local" />
        <TextField label={t.to} value={to} type="datetime-local" />
      </div>
      <div class="time-line">
        <PagedList
          label={t.tabHistory}
          list={list}
          empty={<p>{t.noRuns}</p>}
          row={(run) => <RunRow key={run.id} run={run} name={names.get(run.jobId) ?? run.jobId} />}
        />
      </div>
    </Section>
  )
}

/** Converts the local time of a field to ISO 8601. */
const momentOf = (local: string): string => (local === '' ? '' : new Date(local).toISOString())

function RunRow({ run, name }: { run: Run; name: string }) {
  const t = jobsTexts.value
  const triggers = { schedule: t.bySchedule, start: t.byStart, manual: t.byHand(run.requestedBy) }
  return (
    <li class="run">
      <OutcomeMark outcome={run.outcome} />
      <details>
        <summary>
          <span class="run-head">
            <strong>{name}</strong>
            <span class={`outcome-word ${run.outcome}`}>{outcomeText(run.outcome)}</span>
          </span>
          <span class="facts quiet">
            <span>{formatDate(startOf(run))}</span>
            <span>{formatElapsed(endOf(run) - startOf(run))}</span>
            <span>{triggers[run.trigger]}</span>
          </span>
        </summary>
        <div class="run-details">
          <p>{spoken(run.message)}</p>
          <ol class="steps">
            {run.steps?.map((step) => (
              <StepRow key={`${step.step} ${step.attempt} ${step.startedAt}`} step={step} run={run} />
            ))}
          </ol>
          <p class="quiet">{t.onReplica(run.replica)}</p>
        </div>
      </details>
    </li>
  )
}

/** The bar shows when the step ran within the run. */
function StepRow({ step, run }: { step: StepRun; run: Run }) {
  const t = jobsTexts.value
  const whole = Math.max(1, endOf(run) - startOf(run))
  const place = { '--from': (startOf(step) - startOf(run)) / whole, '--share': (endOf(step) - startOf(step)) / whole }
  const counts: [number, string][] = [
    [step.rows, t.rows(formatNumber(step.rows))],
    [step.files, t.files(formatNumber(step.files))],
    [step.bytes, formatBytes(step.bytes)],
  ]
  return (
    <li>
      <p class="run-head">
        <span>
          {`${step.step}. ${step.name}`}
          {step.attempt > 1 && <span class="quiet">{` · ${t.attempt(step.attempt)}`}</span>}
        </span>
        <span class={`outcome-word ${step.outcome}`}>{outcomeText(step.outcome)}</span>
      </p>
      <span class={`step-bar ${step.outcome}`} style={place} />
      <p class="facts quiet">
        <code>{step.action}</code>
        <span>{formatElapsed(endOf(step) - startOf(step))}</span>
        {counts.map(([count, text]) => (count > 0 ? <span key={text}>{text}</span> : null))}
      </p>
      {step.message && <p>{spoken(step.message)}</p>}
    </li>
  )
}

type Spell = Pick<Run, 'startedAt' | 'finishedAt'>
const startOf = ({ startedAt }: Spell): number => Date.parse(startedAt ?? '')
/** The end of a run or step; running ones end now. */
const endOf = ({ finishedAt }: Spell): number => (finishedAt === null ? now.value : Date.parse(finishedAt))
