import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { Agent } from './agent.ts'
import type { AgentRepo, Replica } from './agent-repo.ts'
import type { HistoryFilter, HistoryRepo } from './history-repo.ts'
import type { Job, Run, StepRun } from './job.ts'
import type { JobRunner } from './job-runner.ts'
import type { Jobs } from './jobs.ts'
import type { RunsRepo } from './runs-repo.ts'

interface Dependencies {
  jobs: Jobs
  runs: RunsRepo
  history: HistoryRepo
  agents: AgentRepo
  agent: Pick<Agent, 'launch'>
  runner: Pick<JobRunner, 'stop'>
  clock: Clock
}

/** A replica that was not seen for this long does not count as running. */
const SEEN_WITHIN_MS = 30_000

export interface JobOverview {
  job: Job
  /** The run in progress. */
  current: Run | undefined
  last: Run | undefined
  /** Average of successful runs. */
  averageDurationMs: number | null
  nextRunAt: number | null
}

export interface AgentStatus {
  /** Enabled, and at least one server is running. */
  isRunning: boolean
  isEnabled: boolean
  replicas: Replica[]
}

export type JobControl = ReturnType<typeof createJobControl>

/** Operations on existing jobs: list, start, stop. */
export function createJobControl({ jobs, runs, history, agents, agent, runner, clock }: Dependencies) {
  const overview = async (job: Job, nextRuns: Map<string, number>): Promise<JobOverview> => ({
    job,
    current: await runs.findUnfinished(job.id),
    last: await history.lastFinished(job.id),
    averageDurationMs: await history.averageDuration(job.id),
    nextRunAt: nextRuns.get(job.id) ?? null,
  })

  async function list(): Promise<JobOverview[]> {
    const nextRuns = await history.nextRuns()
    return Promise.all((await jobs.list()).map((job) => overview(job, nextRuns)))
  }

  /** Throws `not_found`. */
  async function get(nameOrId: string): Promise<JobOverview> {
    return overview(await jobs.get(nameOrId), await history.nextRuns())
  }

  /**
   * Starts a job now, on this server, at `startStep` or its first step; also if the job is disabled or the agent is
   * stopped. `ended` resolves when it ends. Throws `not_found`; `bad_request`: no such step; `locked`: it is already
   * running.
   */
  async function start(
    nameOrId: string,
    requestedBy: string,
    startStep?: number,
  ): Promise<{ run: Run; ended: Promise<Run> }> {
    const job = await jobs.get(nameOrId)
    const step = startStep ?? job.startStep
    if (!job.steps.some((candidate) => candidate.step === step))
      throw new AppError('step_not_found', { step, count: job.steps.length })
    const request = { scheduleId: null, scheduledFor: null, trigger: 'manual' as const, requestedBy, startStep: step }
    const launched = await agent.launch(job.id, request)
    if (!launched) throw new AppError('job_running', { name: job.name })
    return launched
  }

  /** Requests a stop on any replica; the job stops between two batches. Throws `not_found` if it is not running. */
  async function stop(nameOrId: string): Promise<Run> {
    const job = await jobs.get(nameOrId)
    const run = await runs.findUnfinished(job.id)
    if (!run || !(await runs.requestStop(run.id))) throw new AppError('job_not_running', { name: job.name })
    runner.stop(run.id)
    return run
  }

  /** The newest first, each with its steps. */
  async function listRuns(filter: HistoryFilter, limit: number, offset: number) {
    const { runs: page, total } = await history.listRuns(filter, limit, offset)
    const steps = await history.listStepRuns(page.map(({ id }) => id))
    return { runs: page.map((run) => ({ run, steps: steps.filter(({ runId }) => runId === run.id) })), total }
  }

  /** Throws `not_found`. */
  async function getRun(id: string): Promise<{ run: Run; steps: StepRun[] }> {
    const run = await runs.find(id)
    if (!run) throw new AppError('run_not_found', { id })
    return { run, steps: await history.listStepRuns([id]) }
  }

  async function agentStatus(): Promise<AgentStatus> {
    const isEnabled = await agents.isEnabled()
    const replicas = await agents.listReplicas(clock() - SEEN_WITHIN_MS)
    return { isRunning: isEnabled && replicas.length > 0, isEnabled, replicas }
  }

  return { list, get, start, stop, listRuns, getRun, agentStatus, setAgentEnabled: agents.setEnabled }
}
