import type { z } from 'zod'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import { parsed } from '../lib/shapes.ts'
import type { ActionRegistry } from './action-registry.ts'
import { assertCron, assertTimeZone } from './cron-moments.ts'
import type { Job, Schedule, Step } from './job.ts'
import { JobInput, jobInputOf, ScheduleInput, scheduleInputOf, toSteps } from './job-shapes.ts'
import type { JobsRepo, NextRuns } from './jobs-repo.ts'
import { nextRunOf } from './schedules.ts'

interface Dependencies {
  repo: JobsRepo
  actions: ActionRegistry
  /** Id of the operator with this name or id. Throws `bad_request`. */
  operatorId: (nameOrId: string) => Promise<string>
  clock: Clock
}

/** Fixed paths under `/jobs/…`, which can't be names of jobs. */
const RESERVED = ['actions', 'agent', 'history', 'operators', 'schedules']

/** Omitted fields are kept; lists are replaced completely. */
type Change<Input extends z.ZodType> = Partial<z.input<Input>>

/** The jobs that ship with the program. Schedules are referred to by name. */
export interface Seeds {
  schedules: z.input<typeof ScheduleInput>[]
  jobs: z.input<typeof JobInput>[]
}

export type Jobs = ReturnType<typeof createJobs>

/** Definitions of jobs and schedules. Names are accepted in place of ids. */
export function createJobs({ repo, actions, operatorId, clock }: Dependencies) {
  /** Throws `not_found`. */
  async function get(nameOrId: string): Promise<Job> {
    const job = await repo.find(nameOrId)
    if (!job) throw new AppError('job_not_found', { name: nameOrId })
    return job
  }

  /** Throws `bad_request` with the reason. */
  async function create(input: z.input<typeof JobInput>): Promise<Job> {
    const now = clock()
    const schedules = await repo.listSchedules()
    const job = await planJob(input, schedules, { id: newId(), createdAt: now, changedAt: now })
    await assertDoable(job.steps)
    if (!(await repo.insert(job, nextRunsOf(schedules, now)))) throw new AppError('job_exists', { name: job.name })
    return job
  }

  async function change(nameOrId: string, changes: Change<typeof JobInput>): Promise<Job> {
    const before = await get(nameOrId)
    const schedules = await repo.listSchedules()
    const { id, createdAt } = before
    const job = await planJob({ ...jobInputOf(before), ...changes }, schedules, { id, createdAt, changedAt: clock() })
    if (changes.steps !== undefined) await assertDoable(job.steps)
    if (!(await repo.replace(job, nextRunsOf(schedules, clock())))) throw new AppError('job_exists', { name: job.name })
    return job
  }

  /** Checks only new steps: a job that can no longer run can still be disabled. Throws `bad_request`. */
  async function assertDoable(steps: Step[]): Promise<void> {
    for (const { action, parameters } of steps) await actions.assert(action, parameters)
  }

  /** Also deletes its history. Throws `not_found`. */
  async function remove(nameOrId: string): Promise<void> {
    const { id, name } = await get(nameOrId)
    if (!(await repo.remove(id))) throw new AppError('job_not_found', { name })
  }

  async function planJob(
    input: unknown,
    schedules: Schedule[],
    fixed: Pick<Job, 'id' | 'createdAt' | 'changedAt'>,
  ): Promise<Job> {
    const { operator, schedules: wanted, steps: stepInputs, ...job } = parsed(JobInput, input)
    const steps = toSteps(stepInputs).map((step) => ({
      ...step,
      parameters: actions.check(step.action, step.parameters),
    }))
    if (RESERVED.includes(job.name)) throw new AppError('job_name_reserved', { name: job.name })
    assertSteps(steps, job.startStep)
    if (job.notifyOn !== 'never' && operator === null) {
      throw new AppError('operator_missing', { outcome: job.notifyOn })
    }
    const scheduleIds = [...new Set(wanted.map((name) => findSchedule(schedules, name).id))]
    return { ...fixed, ...job, steps, scheduleIds, operatorId: operator === null ? null : await operatorId(operator) }
  }

  /** Throws `not_found`. */
  async function getSchedule(nameOrId: string): Promise<Schedule> {
    const schedule = await repo.findSchedule(nameOrId)
    if (!schedule) throw new AppError('schedule_not_found', { name: nameOrId })
    return schedule
  }

  /** Throws `bad_request` with the reason. */
  async function createSchedule(input: z.input<typeof ScheduleInput>): Promise<Schedule> {
    const schedule = planSchedule(newId(), input)
    assertAhead(schedule, clock())
    if (!(await repo.insertSchedule(schedule))) throw new AppError('schedule_exists', { name: schedule.name })
    return schedule
  }

  async function changeSchedule(nameOrId: string, changes: Change<typeof ScheduleInput>): Promise<Schedule> {
    const before = await getSchedule(nameOrId)
    const schedule = planSchedule(before.id, { ...scheduleInputOf(before), ...changes })
    if (schedule.at !== before.at) assertAhead(schedule, clock())
    if (!(await repo.replaceSchedule(schedule, nextRunOf(schedule, clock()))))
      throw new AppError('schedule_exists', { name: schedule.name })
    return schedule
  }

  /** Throws `not_found`. */
  async function removeSchedule(nameOrId: string): Promise<void> {
    const { id, name } = await getSchedule(nameOrId)
    if (!(await repo.removeSchedule(id))) throw new AppError('schedule_not_found', { name })
  }

  /** Inserts the jobs that ship, each once: jobs that were changed or deleted later are not inserted again. */
  async function seed(seeds: Seeds): Promise<void> {
    const now = clock()
    const existing = await repo.listSchedules()
    const schedules = seeds.schedules.map(
      (input) => existing.find(({ name }) => name === input.name) ?? planSchedule(newId(), input),
    )
    const fixed = () => ({ id: newId(), createdAt: now, changedAt: now })
    const jobs = await Promise.all(seeds.jobs.map((input) => planJob(input, schedules, fixed())))
    await repo.seed(schedules, jobs, nextRunsOf(schedules, now))
  }

  return {
    list: repo.list,
    get,
    create,
    change,
    remove,
    listSchedules: repo.listSchedules,
    getSchedule,
    createSchedule,
    changeSchedule,
    removeSchedule,
    seed,
    listActions: actions.list,
  }
}

function assertSteps(steps: Step[], startStep: number): void {
  const exists = (step: unknown) => typeof step !== 'number' || step <= steps.length
  if (!exists(startStep)) throw new AppError('start_step_missing', { count: steps.length })
  const wrong = steps.find(({ onSuccess, onFailure }) => !exists(onSuccess) || !exists(onFailure))
  if (!wrong) return
  throw new AppError('step_target_missing', { step: wrong.step, count: steps.length })
}

function planSchedule(id: string, input: unknown): Schedule {
  const schedule = { id, ...parsed(ScheduleInput, input) }
  if ((schedule.kind === 'cron') !== (schedule.cron !== null)) throw new AppError('cron_missing')
  if ((schedule.kind === 'once') !== (schedule.at !== null)) throw new AppError('moment_missing')
  assertTimeZone(schedule.timeZone)
  if (schedule.cron !== null) assertCron(schedule.cron)
  return schedule
}

/** Throws `bad_request` for a moment in the past, which would never be run. */
function assertAhead({ at }: Schedule, now: number): void {
  if (at === null || at > now) return
  throw new AppError('moment_passed', { moment: new Date(at).toISOString() })
}

function findSchedule(schedules: Schedule[], nameOrId: string): Schedule {
  const schedule = schedules.find(({ id, name }) => id === nameOrId || name === nameOrId)
  if (schedule) return schedule
  const names = schedules.map(({ name }) => name).join(', ')
  throw new AppError('schedule_unknown', { name: nameOrId, names: names || 'none' })
}

const nextRunsOf = (schedules: Schedule[], now: number): NextRuns =>
  new Map(schedules.map((schedule) => [schedule.id, nextRunOf(schedule, now)]))
