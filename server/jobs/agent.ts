import type { FastifyBaseLogger } from 'fastify'
import type { Clock, SteadyClock } from '../lib/clock.ts'
import { kindOf } from '../lib/errors.ts'
import { createLeaseWatch } from '../lib/leases.ts'
import { createTicker } from '../lib/ticker.ts'
import type { Notifications } from '../notifications/notifications.ts'
import type { AgentRepo, Replica } from './agent-repo.ts'
import type { Run } from './job.ts'
import { type JobRunner, LEASE_MS, notificationOf } from './job-runner.ts'
import type { JobsRepo } from './jobs-repo.ts'
import type { DueSchedule, RunsRepo } from './runs-repo.ts'
import { newRun, nextRunOf } from './schedules.ts'

interface Dependencies {
  jobs: JobsRepo
  runs: RunsRepo
  agents: AgentRepo
  runner: JobRunner
  notifications: Pick<Notifications, 'deliverSoon' | 'close'>
  /** This process, as named in the history. */
  replica: Replica
  clock: Clock
  steady: SteadyClock
  /** Called if the disk is so full that not even the start of a job can be recorded. */
  makeRoom: () => void
  log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>
}

const TICK_MS = 1_000
/** A moment that is overdue for longer was missed: of all missed moments of a schedule, only one is run. */
const CATCH_UP_AFTER_MS = 60_000
/** Clocks of replicas differ by less; a moment further in the future was written with a wrong clock. */
const LEAP_MS = 10 * 60_000
const CARE_EVERY_MS = 10_000
/** A replica that was not seen for this long is removed. */
const FORGET_AFTER_MS = 60_000

export type Agent = ReturnType<typeof createAgent>

/**
 * Checks every second for due schedules, and runs their jobs. Any number of replicas may do so: the database decides
 * which one runs a job.
 */
export function createAgent(dependencies: Dependencies) {
  const { jobs, runs, agents, runner, notifications, replica, clock, steady, makeRoom, log } = dependencies
  const ticks = createTicker(TICK_MS, tick)
  const watch = createLeaseWatch({ durationMs: LEASE_MS, steady, list: runs.listUnfinished })
  let caredAt = Number.NEGATIVE_INFINITY
  let round = Promise.resolve()
  let isStopped = false

  function tick(): Promise<void> {
    round = goRound()
    return round
  }

  async function goRound(): Promise<void> {
    try {
      const now = clock()
      if (Math.abs(now - caredAt) >= CARE_EVERY_MS) await care(now)
      notifications.deliverSoon()
      if (!(await agents.isEnabled())) return
      for (const due of await runs.listDue(now)) await fire(due, now)
    } catch (err) {
      log.error({ err }, 'the job agent could not check for due jobs')
      if (kindOf(err) === 'insufficient_storage') makeRoom()
    }
  }

  /** Work that is not needed every second. */
  async function care(now: number): Promise<void> {
    await agents.seen({ ...replica, seenAt: now }, now - FORGET_AFTER_MS)
    await closeLost(now)
    await realign(now)
    caredAt = now
  }

  /** Runs each due moment; after a downtime only the first one. */
  async function fire({ jobId, schedule, nextRunAt }: DueSchedule, now: number): Promise<void> {
    for (let moment: number | null = nextRunAt; moment !== null && moment <= now; ) {
      const next: number | null = nextRunOf(schedule, now - moment > CATCH_UP_AFTER_MS ? now : moment)
      const claim = { scheduleId: schedule.id, scheduledFor: moment, trigger: 'schedule' as const }
      await launch(jobId, { ...claim, requestedBy: `schedule ${schedule.name}` }, next)
      moment = next
    }
  }

  /** Returns undefined if the job was deleted, is already running, or another replica runs this moment. */
  async function launch(
    jobId: string,
    request: Pick<Run, 'scheduleId' | 'scheduledFor' | 'trigger' | 'requestedBy'> & { startStep?: number },
    nextRunAt?: number | null,
  ): Promise<{ run: Run; ended: Promise<Run> } | undefined> {
    const job = await jobs.find(jobId)
    if (!job) return undefined
    const now = clock()
    const run = newRun({ startStep: job.startStep, ...request, jobId, replica: replica.id, startedAt: now })
    const leaseUntil = now + LEASE_MS
    const claimed = await runs.claim(nextRunAt === undefined ? { run, leaseUntil } : { run, leaseUntil, nextRunAt })
    if (claimed !== 'started') return undefined
    const ended = runner.start(run, job)
    ended.catch((err: unknown) => log.error({ err, job: job.name }, 'the end of a job could not be recorded'))
    return { run, ended }
  }

  /** Closes runs whose replica died, and runs them again if the schedule says so. */
  async function closeLost(now: number): Promise<void> {
    for (const run of await watch.lapsed()) {
      if (runner.isRunning(run.id)) continue
      const ended = { ...run, outcome: 'failed' as const, message: `The server ${run.replica} died.`, finishedAt: now }
      const job = await jobs.find(run.jobId)
      if (!job || !(await runs.end(ended, notificationOf(job, ended.outcome)))) continue
      log.warn({ job: job.name, run: run.id, replica: run.replica }, 'closed the run of a server that died')
      await rerun(run)
    }
  }

  /** Only once: a job that crashes its server must not crash all of them. */
  async function rerun({ id, jobId, scheduleId, scheduledFor, startStep }: Run): Promise<void> {
    if (scheduleId === null || scheduledFor === null || !(await agents.isEnabled())) return
    const schedule = await jobs.findSchedule(scheduleId)
    if (!schedule?.rerunLost) return
    const request = { scheduleId, scheduledFor: null, trigger: 'schedule' as const, startStep }
    await launch(jobId, { ...request, requestedBy: `lost run ${id}` })
  }

  /** After a clock was set back, schedules would wait until it reaches the stored moments. */
  async function realign(now: number): Promise<void> {
    for (const { jobId, schedule, nextRunAt } of await runs.listAttached()) {
      const next = schedule.kind === 'cron' ? nextRunOf(schedule, now) : null
      if (next === null || (nextRunAt !== null && nextRunAt <= next + LEAP_MS)) continue
      log.warn({ jobId, schedule: schedule.name }, 'the clock went back')
      await runs.forgetMomentsAfter(now + LEAP_MS)
      await runs.realign(jobId, schedule.id, nextRunAt, next)
    }
  }

  /** Starts the agent, and the jobs that run at every start. */
  function start(): Promise<void> {
    round = begin()
    return round
  }

  async function begin(): Promise<void> {
    await goRound()
    if (isStopped) return
    ticks.start()
    try {
      if (await agents.isEnabled()) await launchAtStart()
    } catch (err) {
      log.error({ err }, 'the jobs that run at every start could not be started')
    }
  }

  async function launchAtStart(): Promise<void> {
    for (const { jobId, schedule } of await runs.listAttached()) {
      if (schedule.kind !== 'start') continue
      const request = { scheduleId: schedule.id, scheduledFor: null, trigger: 'start' as const }
      await launch(jobId, { ...request, requestedBy: `start of ${replica.id}` })
    }
  }

  /** Waits for a limited time: a run that does not end in time is closed when its lease expires. */
  async function stop(): Promise<void> {
    isStopped = true
    ticks.stop()
    await round
    await runner.close()
    await notifications.close()
    await agents
      .leave(replica.id)
      .catch((err: unknown) => log.error({ err }, 'could not remove this replica from the list'))
  }

  return { start, stop, tick, launch }
}
