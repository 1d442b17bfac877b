import { z } from 'zod'
import type { Operator } from '../notifications/operator.ts'
import type { Run, Schedule, StepRun } from './job.ts'
import type { AgentStatus, JobOverview } from './job-control.ts'
import { fieldsOf, JobInput, jobInputOf, momentText, ScheduleInput, StepInput, scheduleInputOf } from './job-shapes.ts'

/** Jobs in the JSON of the API. Times are ISO 8601 in UTC. */

const Time = z.iso.datetime().nullable()
const Outcome = z.enum(['in_progress', 'retrying', 'succeeded', 'failed', 'cancelled'])

const StepRunJson = z
  .object({
    step: z.int(),
    name: z.string(),
    action: z.string(),
    attempt: z.int(),
    startedAt: Time,
    finishedAt: Time,
    outcome: Outcome,
    message: z.string(),
    rows: z.int(),
    files: z.int(),
    bytes: z.int(),
  })
  .meta({ id: 'StepRun' })

export const RunJson = z
  .object({
    id: z.string(),
    jobId: z.string(),
    scheduleId: z.string().nullable(),
    scheduledFor: Time,
    trigger: z.enum(['schedule', 'manual', 'start']),
    requestedBy: z.string(),
    replica: z.string(),
    startStep: z.int(),
    startedAt: Time,
    finishedAt: Time,
    outcome: Outcome,
    message: z.string(),
    steps: z.array(StepRunJson).optional(),
  })
  .meta({ id: 'Run' })

export const JobJson = z
  .object({
    id: z.string(),
    ...fieldsOf(JobInput),
    steps: z.array(z.object(fieldsOf(StepInput))),
    schedules: z.array(z.string()),
    createdAt: Time,
    changedAt: Time,
    current: RunJson.nullable(),
    last: RunJson.nullable(),
    averageDurationMs: z.int().nullable(),
    nextRunAt: Time,
  })
  .meta({ id: 'Job' })

export const ScheduleJson = z
  .object({ id: z.string(), ...fieldsOf(ScheduleInput), at: Time, activeFrom: Time, activeTo: Time })
  .meta({ id: 'Schedule' })

export const OperatorJson = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['email', 'webhook']),
    target: z.string(),
    isEnabled: z.boolean(),
    secret: z.string().optional().describe('Only in the answer to the creation'),
  })
  .meta({ id: 'Operator' })

export const AgentJson = z
  .object({
    isRunning: z.boolean(),
    isEnabled: z.boolean(),
    replicas: z.array(z.object({ id: z.string(), host: z.string(), startedAt: Time, seenAt: Time })),
  })
  .meta({ id: 'Agent' })

export const ActionJson = z
  .object({ name: z.string(), description: z.string(), parameters: z.record(z.string(), z.unknown()) })
  .meta({ id: 'Action' })

export const runJson = (run: Run, steps?: StepRun[]): z.output<typeof RunJson> => ({
  ...run,
  scheduledFor: momentText(run.scheduledFor),
  startedAt: momentText(run.startedAt),
  finishedAt: momentText(run.finishedAt),
  ...(steps ? { steps: steps.map(stepRunJson) } : {}),
})

const stepRunJson = (step: StepRun): z.output<typeof StepRunJson> => ({
  ...step,
  startedAt: momentText(step.startedAt),
  finishedAt: momentText(step.finishedAt),
})

export const jobJson = ({
  job,
  current,
  last,
  averageDurationMs,
  nextRunAt,
}: JobOverview): z.output<typeof JobJson> => ({
  ...jobInputOf(job),
  id: job.id,
  createdAt: momentText(job.createdAt),
  changedAt: momentText(job.changedAt),
  current: current ? runJson(current) : null,
  last: last ? runJson(last) : null,
  averageDurationMs,
  nextRunAt: momentText(nextRunAt),
})

export const scheduleJson = (schedule: Schedule): z.output<typeof ScheduleJson> => ({
  ...scheduleInputOf(schedule),
  id: schedule.id,
})

/** The key of the signature is included only at the creation: readers of the list must not be able to sign. */
export const operatorJson = ({ secret, ...operator }: Operator, isNew = false): z.output<typeof OperatorJson> => ({
  ...operator,
  ...(isNew && secret !== '' ? { secret } : {}),
})

export const agentJson = ({ replicas, ...status }: AgentStatus): z.output<typeof AgentJson> => ({
  ...status,
  replicas: replicas.map(({ startedAt, seenAt, ...replica }) => ({
    ...replica,
    startedAt: momentText(startedAt),
    seenAt: momentText(seenAt),
  })),
})

export const actionJson = (action: { name: string; description: string; parameters: z.ZodType }) => ({
  ...action,
  parameters: z.toJSONSchema(action.parameters, { io: 'input' }) as Record<string, unknown>,
})
