import { useEffect } from 'preact/hooks'
import { now } from '../lib/clock.ts'
import { formatDate, formatDuration, formatElapsed } from '../lib/format.ts'
import { spoken } from '../lib/refusals.ts'
import { href } from '../lib/router.ts'
import { useTitle } from '../lib/title.ts'
import { Shown, useFetched } from '../ui/fetched.tsx'
import { Icon } from '../ui/icon.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { Notice } from '../ui/notice.tsx'
import { Section } from '../ui/section.tsx'
import { type Act, useAction } from '../ui/use-action.ts'
import type { Agent, Job } from './job.ts'
import { changeJob, getAgent, listJobs, startJob, stopJob, switchAgent } from './jobs-api.ts'
import { JobsFrame } from './jobs-frame.tsx'
import { OutcomeMark, outcomeText } from './outcome.tsx'
import { jobsTexts } from './texts/jobs.ts'

const POLL_MS = 3_000

export function AdminJobsPage() {
  return (
    <JobsFrame>
      <AgentCard />
      <Jobs />
    </JobsFrame>
  )
}

/** Reloads regularly while the page is visible. */
function usePolling(reload: () => Promise<void>): void {
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) void reload()
    }, POLL_MS)
    return () => clearInterval(timer)
  }, [])
}

/** State of the agent: while it is stopped, no schedule is followed. */
function AgentCard() {
  const t = jobsTexts.value
  const agent = useFetched('agent', getAgent)
  usePolling(agent.reload)
  useTitle(t.tabJobs)
  return (
    <section class="card" aria-labelledby="agent-title">
      <h1 id="agent-title" class="heard">
        {t.agent}
      </h1>
      <Shown of={agent}>{(status) => <AgentStatus agent={status} reload={agent.reload} />}</Shown>
    </section>
  )
}

function AgentStatus({ agent, reload }: { agent: Agent; reload: () => Promise<void> }) {
  const t = jobsTexts.value
  const { isRunning, isEnabled, replicas } = agent
  const { act, problem } = useAction()
  const title = isRunning ? t.agentRunning : isEnabled ? t.agentAbsent : t.agentStopped
  return (
    <div class="agent">
      <span class={`mark ${isRunning ? 'good' : 'stopped'}`}>
        <Icon name={isRunning ? 'play' : 'pause'} size={24} />
      </span>
      <div role="status">
        <p class="agent-title">{title}</p>
        <p class="quiet">
          {isRunning ? t.agentOn(replicas.map(({ host }) => host).join(', '), replicas.length) : t.agentStoppedText}
        </p>
      </div>
      <button type="button" class="plain" onClick={() => void act(() => switchAgent(!isEnabled)).then(reload)}>
        <Icon name={isEnabled ? 'pause' : 'play'} />
        {isEnabled ? t.stopAgent : t.startAgent}
      </button>
      {problem.value && <Notice tone="bad" title={problem.value} />}
    </div>
  )
}

function Jobs() {
  const t = jobsTexts.value
  const jobs = useFetched('jobs', listJobs)
  const { act, problem } = useAction()
  usePolling(jobs.reload)

  const actAndLook: Act = async (action) => {
    await act(action)
    await jobs.reload()
  }

  return (
    <Section
      title={t.tabJobs}
      level={2}
      action={
        <a class="button plain" href={href('/admin/jobs/edit')}>
          <Icon name="plus" />
          {t.newJob}
        </a>
      }
    >
      {problem.value && <Notice tone="bad" title={problem.value} />}
      <Shown of={jobs}>
        {(list) => (
          <ul class="rows" aria-label={t.tabJobs}>
            {list.map((job) => (
              <JobRow key={job.id} job={job} act={actAndLook} />
            ))}
          </ul>
        )}
      </Shown>
    </Section>
  )
}

function JobRow({ job, act }: { job: Job; act: Act }) {
  const t = jobsTexts.value
  const { id, name, isEnabled, current, last } = job
  return (
    <li class={`row ${isEnabled ? '' : 'off'}`}>
      <OutcomeMark outcome={current ? 'in_progress' : last?.outcome} />
      <div class="row-main">
        <a class="row-title" href={href('/admin/jobs/edit', { job: id })}>
          {name}
        </a>
        <p class="row-note">{spoken(job.description)}</p>
        <JobFacts job={job} />
        {last?.outcome === 'failed' && !current && <p class="file-note bad">{spoken(last.message)}</p>}
      </div>
      <div class="row-actions">
        {current ? (
          <IconButton icon="pause" label={t.stopOf(name)} onClick={() => void act(() => stopJob(id))} />
        ) : (
          <IconButton icon="play" label={t.runNow(name)} onClick={() => void act(() => startJob(id))} />
        )}
        <a
          class="button bare"
          href={href('/admin/jobs/history', { job: id })}
          aria-label={t.historyOf(name)}
          title={t.historyOf(name)}
        >
          <Icon name="clock" />
        </a>
        <label class="switch" title={isEnabled ? t.enabled : t.disabled}>
          <input
            type="checkbox"
            role="switch"
            aria-checked={isEnabled}
            aria-label={t.enabledOf(name)}
            checked={isEnabled}
            onChange={({ currentTarget }) => void act(() => changeJob(id, { isEnabled: currentTarget.checked }))}
          />
        </label>
      </div>
    </li>
  )
}

function JobFacts({ job }: { job: Job }) {
  const t = jobsTexts.value
  const { current, last, averageDurationMs, nextRunAt, isEnabled } = job
  const since = (time: string | null) => formatDuration(Math.max(0, now.value - Date.parse(time ?? '')) / 1000)
  return (
    <p class="facts quiet">
      {current && <strong class="outcome-word in_progress">{t.runningFor(since(current.startedAt))}</strong>}
      {!current && last && (
        <span title={formatDate(Date.parse(last.startedAt ?? ''))}>
          <strong class={`outcome-word ${last.outcome}`}>{outcomeText(last.outcome)}</strong>{' '}
          {t.ago(since(last.finishedAt))}
        </span>
      )}
      {!current && !last && <span>{t.neverRan}</span>}
      {averageDurationMs !== null && <span>{t.usually(formatElapsed(averageDurationMs))}</span>}
      {isEnabled && <span>{nextRunAt === null ? t.noNextRun : nextText(Date.parse(nextRunAt))}</span>}
      {!isEnabled && <span>{t.disabled}</span>}
    </p>
  )
}

function nextText(at: number): string {
  const t = jobsTexts.value
  return at <= now.value ? t.nextNow : t.nextIn(formatDuration((at - now.value) / 1000))
}
