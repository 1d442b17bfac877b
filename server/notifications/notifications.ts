import type { FastifyBaseLogger } from 'fastify'
import { inTime } from '../jobs/in-time.ts'
import type { Run, StepRun } from '../jobs/job.ts'
import { momentText } from '../jobs/job-shapes.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { News, Operators } from './operators.ts'
import type { Notification, OperatorsRepo } from './operators-repo.ts'

interface Dependencies {
  repo: OperatorsRepo
  operators: Operators
  getRun: (id: string) => Promise<{ run: Run; steps: StepRun[] }>
  jobName: (id: string) => Promise<string>
  clock: Clock
  log: Pick<FastifyBaseLogger, 'error' | 'warn'>
}

const BATCH = 20
/** If the server dies during an attempt, the attempt is repeated after this time. */
const ATTEMPT_MS = 60_000
/** Delays after failed attempts; after the last one the notification is dropped. A little more than an hour in total. */
const RETRY_AFTER_MS = [10_000, 60_000, 5 * 60_000, 15 * 60_000, 45 * 60_000]
const STOP_GRACE_MS = 1_000

export type Notifications = ReturnType<typeof createNotifications>

/** Delivers notifications of ended runs to operators: at least once, from any replica, for about an hour. */
export function createNotifications({ repo, operators, getRun, jobName, clock, log }: Dependencies) {
  const stopping = new AbortController()
  let round: Promise<void> | undefined

  /** Does not wait for the deliveries; one round at a time. */
  function deliverSoon(): void {
    round ??= deliver()
      .catch((err: unknown) => log.error({ err }, 'operators could not be notified'))
      .finally(() => {
        round = undefined
      })
  }

  /** Makes one attempt for each notification that is due. */
  async function deliver(): Promise<void> {
    const due = await repo.listDue(clock(), BATCH)
    await Promise.all(due.map(attempt))
  }

  async function attempt(notification: Notification): Promise<void> {
    if (!(await repo.take(notification, clock() + ATTEMPT_MS))) return
    const { id, runId, operatorId, attempts } = notification
    try {
      const [operator, ended] = [await operators.get(operatorId), await getRun(runId)]
      await operators.notify(operator, newsOf(id, await jobName(ended.run.jobId), ended), stopping.signal)
      await repo.settle(id, { status: 'sent', message: '' })
    } catch (error) {
      if (stopping.signal.aborted) return
      const message = error instanceof Error ? error.message : String(error)
      const wait = RETRY_AFTER_MS[attempts]
      log.warn({ notification: id, attempt: attempts + 1, reason: message }, 'an operator could not be notified')
      const next =
        wait === undefined
          ? { status: 'failed' as const }
          : { status: 'waiting' as const, nextAttemptAt: clock() + wait }
      await repo.settle(id, { message, ...next })
    }
  }

  async function close(): Promise<void> {
    stopping.abort(new AppError('server_stopped'))
    await inTime(round ?? Promise.resolve(), stopping.signal, STOP_GRACE_MS).catch(() => {})
  }

  return { deliver, deliverSoon, close }
}

function newsOf(id: string, job: string, { run, steps }: { run: Run; steps: StepRun[] }): News {
  const lines = steps.map(
    ({ step, attempt, name, outcome, message }) => `  ${step}.${attempt} ${name}: ${outcome}. ${message}`,
  )
  return {
    id,
    subject: `Mayfly job ${job}: ${run.outcome}`,
    text: `${run.message}\n\n${lines.join('\n')}\n\n${momentText(run.startedAt)} – ${momentText(run.finishedAt)}, ${run.replica}\n`,
    json: {
      event: 'job.ended',
      job: { id: run.jobId, name: job },
      run: {
        id: run.id,
        trigger: run.trigger,
        outcome: run.outcome,
        message: run.message,
        startedAt: momentText(run.startedAt),
        finishedAt: momentText(run.finishedAt),
      },
      steps: steps.map(({ step, attempt, name, outcome, message }) => ({ step, attempt, name, outcome, message })),
    },
  }
}
