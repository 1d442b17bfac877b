import type { Insertable, Selectable } from 'kysely'
import type { Flag } from '../database/schema.ts'
import type {
  JobRunsTable,
  JobStepRunsTable,
  JobStepsTable,
  JobsTable,
  SchedulesTable,
} from '../database/schema-jobs.ts'
import type { Following, Job, Run, Schedule, Step, StepRun } from './job.ts'

/** How jobs are written into columns, and read back. */

export const toJob = (row: Selectable<JobsTable>, steps: Step[], scheduleIds: string[]): Job => ({
  id: row.id,
  name: row.name,
  description: row.description,
  category: row.category,
  isEnabled: row.enabled === 1,
  startStep: row.start_step,
  notifyOn: row.notify_on,
  operatorId: row.operator_id,
  createdAt: row.created_at,
  changedAt: row.changed_at,
  steps,
  scheduleIds,
})

export const toJobRow = (job: Job): Insertable<JobsTable> => ({
  id: job.id,
  name: job.name,
  description: job.description,
  category: job.category,
  enabled: flag(job.isEnabled),
  start_step: job.startStep,
  notify_on: job.notifyOn,
  operator_id: job.operatorId,
  created_at: job.createdAt,
  changed_at: job.changedAt,
})

export const toStep = (row: Selectable<JobStepsTable>): Step => ({
  step: row.step,
  name: row.name,
  action: row.action,
  parameters: JSON.parse(row.parameters),
  onSuccess: toFollowing(row.on_success),
  onFailure: toFollowing(row.on_failure),
  retryAttempts: row.retry_attempts,
  retryIntervalSeconds: row.retry_interval_seconds,
  timeoutSeconds: row.timeout_seconds,
})

export const toStepRow = (jobId: string, step: Step): Insertable<JobStepsTable> => ({
  job_id: jobId,
  step: step.step,
  name: step.name,
  action: step.action,
  parameters: JSON.stringify(step.parameters),
  on_success: String(step.onSuccess),
  on_failure: String(step.onFailure),
  retry_attempts: step.retryAttempts,
  retry_interval_seconds: step.retryIntervalSeconds,
  timeout_seconds: step.timeoutSeconds,
})

const toFollowing = (text: string): Following => (/^\d+$/.test(text) ? Number(text) : (text as Following))

export const toSchedule = (row: Selectable<SchedulesTable>): Schedule => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  cron: row.cron,
  timeZone: row.time_zone,
  at: row.once_at,
  isEnabled: row.enabled === 1,
  activeFrom: row.active_from,
  activeTo: row.active_to,
  rerunLost: row.rerun_lost === 1,
})

export const toScheduleRow = (schedule: Schedule): Insertable<SchedulesTable> => ({
  id: schedule.id,
  name: schedule.name,
  kind: schedule.kind,
  cron: schedule.cron,
  time_zone: schedule.timeZone,
  once_at: schedule.at,
  enabled: flag(schedule.isEnabled),
  active_from: schedule.activeFrom,
  active_to: schedule.activeTo,
  rerun_lost: flag(schedule.rerunLost),
})

export const toRun = (row: Selectable<JobRunsTable>): Run => ({
  id: row.id,
  jobId: row.job_id,
  scheduleId: row.schedule_id,
  scheduledFor: row.scheduled_for,
  trigger: row.trigger,
  requestedBy: row.requested_by,
  replica: row.replica,
  startStep: row.start_step,
  startedAt: row.started_at,
  finishedAt: row.finished_at,
  outcome: row.outcome,
  message: row.message,
})

export const toRunRow = (run: Run, leaseUntil: number): Insertable<JobRunsTable> => ({
  id: run.id,
  job_id: run.jobId,
  schedule_id: run.scheduleId,
  scheduled_for: run.scheduledFor,
  trigger: run.trigger,
  requested_by: run.requestedBy,
  replica: run.replica,
  start_step: run.startStep,
  started_at: run.startedAt,
  finished_at: run.finishedAt,
  outcome: run.outcome,
  message: run.message,
  lease_until: leaseUntil,
})

export const toStepRun = (row: Selectable<JobStepRunsTable>): StepRun => ({
  id: row.id,
  runId: row.run_id,
  position: row.position,
  step: row.step,
  name: row.name,
  action: row.action,
  attempt: row.attempt,
  startedAt: row.started_at,
  finishedAt: row.finished_at,
  outcome: row.outcome,
  message: row.message,
  rows: row.rows,
  files: row.files,
  bytes: row.bytes,
})

export const toStepRunRow = ({ runId, startedAt, finishedAt, ...rest }: StepRun): Insertable<JobStepRunsTable> => ({
  ...rest,
  run_id: runId,
  started_at: startedAt,
  finished_at: finishedAt,
})

const flag = (value: boolean): Flag => (value ? 1 : 0)
