import { setTimeout } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Following, Outcome } from '../database/schema-jobs.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import { keepRenewed } from '../lib/leases.ts'
import { type ActionRegistry, StepFailure } from './action-registry.ts'
import { inTime } from './in-time.ts'
import type { Counts, Job, Run, Step, StepRun } from './job.ts'
import type { RunsRepo } from './runs-repo.ts'

interface Dependencies {
  repo: RunsRepo
  actions: ActionRegistry
  clock: Clock
  log: Pick<FastifyBaseLogger, 'info' | 'error' | 'debug'>
}

/** A replica that did not renew its lease for this long counts as dead. */
export const LEASE_MS = 30_000
const RENEW_EVERY_MS = 5_000
/** A run that does not stop within this time is no longer waited for. */
const STOP_GRACE_MS = 3_000
/** Steps may form a loop. */
const MAX_STEPS = 300

export type JobRunner = ReturnType<typeof createJobRunner>

/** Executes claimed runs: steps in order, with attempts, timeouts, and a record of each. */
export function createJobRunner({ repo, actions, clock, log }: Dependencies) {
  const running = new Map<string, { stop: AbortController; ended: Promise<unknown> }>()

  /** Resolves with the run when it has ended. Rejects if the end could not be recorded: its lease will expire. */
  function start(run: Run, job: Job): Promise<Run> {
    const stop = new AbortController()
    const ended = execute(run, job, stop).finally(() => running.delete(run.id))
    running.set(run.id, { stop, ended: ended.catch(() => {}) })
    return ended
  }

  async function execute(run: Run, job: Job, stop: AbortController): Promise<Run> {
    const progress = createProgress(run, stop)
    try {
      const { outcome, message } = await runSteps(run, job, stop.signal, progress)
      const ended = { ...run, outcome, message, finishedAt: clock() }
      await repo.end(ended, notificationOf(job, outcome))
      // Successful runs every minute are in the history, and would fill the log.
      const level = run.trigger === 'schedule' && outcome === 'succeeded' ? 'debug' : 'info'
      log[level]({ job: job.name, run: run.id, outcome, ms: ended.finishedAt - run.startedAt }, 'job ended')
      return ended
    } finally {
      void progress.close()
    }
  }

  /** Renews the lease, and records the progress of the current step. */
  function createProgress(run: Run, stop: AbortController) {
    let current: StepRun | undefined
    async function renew(): Promise<void> {
      const lease = await repo.renew(run.id, run.replica, clock() + LEASE_MS)
      if (!lease) stop.abort(new AppError('run_closed'))
      else if (lease.stopRequested) stop.abort(STOPPED)
      if (current) await repo.count(current.id, current)
    }
    const renewal = keepRenewed(RENEW_EVERY_MS, renew, (err) =>
      log.error({ err, run: run.id }, 'could not renew the lease of a job'),
    )
    return {
      follow: (step: StepRun | undefined) => {
        current = step
      },
      close: renewal.stop,
    }
  }
  type Progress = ReturnType<typeof createProgress>

  async function runSteps(run: Run, { steps }: Job, stop: AbortSignal, progress: Progress): Promise<Ending> {
    let step = steps.find((candidate) => candidate.step === run.startStep)
    let position = 0
    for (let count = 0; step; count += 1) {
      if (count === MAX_STEPS) return { outcome: 'failed', message: 'The steps go round in circles.' }
      const { outcome, message, attempts } = await runStep(run, step, position, stop, progress)
      if (outcome === 'cancelled') return { outcome, message: `${message} ${lastStep(step)}` }
      position += attempts
      const following: Following = outcome === 'succeeded' ? step.onSuccess : step.onFailure
      const next = nextStep(steps, step, following)
      if (!next) return ended(endOf(following, outcome), step)
      step = next
    }
    return { outcome: 'failed', message: `The job has no step ${run.startStep}.` }
  }

  /** Repeats the step until it succeeds or no attempt is left. */
  async function runStep(run: Run, step: Step, position: number, stop: AbortSignal, progress: Progress) {
    for (let attempt = 1; ; attempt += 1) {
      const begun = stepRun(run, step, position + attempt, attempt)
      const ending = await runAttempt(begun, step, attempt <= step.retryAttempts, stop, progress)
      if (ending.outcome !== 'retrying') return { ...ending, attempts: attempt }
      await setTimeout(step.retryIntervalSeconds * 1000, undefined, { signal: stop }).catch(() => {})
      if (stop.aborted) return { ...cancelled(stop), attempts: attempt }
    }
  }

  async function runAttempt(
    begun: StepRun,
    step: Step,
    canRetry: boolean,
    stop: AbortSignal,
    progress: Progress,
  ): Promise<Ending> {
    await repo.beginStep(begun)
    progress.follow(begun)
    const ending = await act(begun, step, stop)
    progress.follow(undefined)
    const outcome = ending.outcome === 'failed' && canRetry ? 'retrying' : ending.outcome
    await repo.endStep({ ...begun, ...ending, outcome, finishedAt: clock() })
    return { ...ending, outcome }
  }

  async function act(counts: Counts, step: Step, stop: AbortSignal): Promise<Ending> {
    const timeout = step.timeoutSeconds > 0 ? [AbortSignal.timeout(step.timeoutSeconds * 1000)] : []
    const signal = AbortSignal.any([stop, ...timeout])
    const count = (more: Partial<Counts>): void => {
      for (const key of ['rows', 'files', 'bytes'] as const) counts[key] += more[key] ?? 0
    }
    try {
      stop.throwIfAborted()
      const message = await inTime(actions.run(step.action, step.parameters, { signal, count }), signal, STOP_GRACE_MS)
      return { outcome: 'succeeded', message }
    } catch (error) {
      if (stop.aborted) return cancelled(stop)
      if (signal.aborted) return { outcome: 'failed', message: `The step took longer than ${step.timeoutSeconds} s.` }
      const reason = error instanceof StepFailure ? { reason: error.message } : { err: error }
      log.error({ ...reason, step: step.name }, 'a step of a job failed')
      return { outcome: 'failed', message: messageOf(error) }
    }
  }

  function stepRun(run: Run, { step, name, action }: Step, position: number, attempt: number): StepRun {
    const begun = { id: newId(), runId: run.id, position, step, name, action, attempt, startedAt: clock() }
    return { ...begun, finishedAt: null, outcome: 'in_progress', message: '', rows: 0, files: 0, bytes: 0 }
  }

  /** Requests a run of this process to stop. Returns false if it is not running here. */
  function stop(runId: string): boolean {
    running.get(runId)?.stop.abort(STOPPED)
    return running.has(runId)
  }

  /** Stops all runs, and waits for them for a limited time. */
  async function close(): Promise<void> {
    for (const { stop } of running.values()) stop.abort(new AppError('server_stopped'))
    await Promise.all([...running.values()].map(({ ended }) => ended))
  }

  return { start, stop, close, isRunning: (runId: string) => running.has(runId) }
}

/** Returns the notification of the job's operator, if this outcome requires one. */
export function notificationOf(
  { operatorId, notifyOn }: Job,
  outcome: Outcome,
): { id: string; operatorId: string } | undefined {
  const isWanted =
    notifyOn === 'completion' ||
    (notifyOn === 'success' && outcome === 'succeeded') ||
    (notifyOn === 'failure' && outcome === 'failed')
  return isWanted && operatorId !== null ? { id: newId(), operatorId } : undefined
}

interface Ending {
  outcome: Outcome
  message: string
}

const STOPPED = new AppError('job_stopped')

const cancelled = ({ reason }: AbortSignal): Ending => ({ outcome: 'cancelled', message: messageOf(reason) })

const ended = (outcome: Outcome, step: Step): Ending => {
  const result = outcome === 'succeeded' ? 'The job succeeded.' : 'The job failed.'
  return { outcome, message: `${result} ${lastStep(step)}` }
}

const lastStep = ({ step, name }: Step): string => `The last step to run was step ${step} (${name}).`

/** After the last step, `next` ends the job. */
function nextStep(steps: Step[], { step }: Step, following: Following): Step | undefined {
  const number = following === 'next' ? step + 1 : following
  return steps.find((candidate) => candidate.step === number)
}

const endOf = (following: Following, outcome: Outcome): Outcome =>
  following === 'quit_success' ? 'succeeded' : following === 'quit_failure' ? 'failed' : outcome

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
