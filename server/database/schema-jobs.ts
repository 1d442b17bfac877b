import type { ColumnType } from 'kysely'

/** The rows of `server/jobs`, as `schema.ts` describes them. */
export interface JobsSchema {
  operators: OperatorsTable
  jobs: JobsTable
  job_steps: JobStepsTable
  schedules: SchedulesTable
  job_schedules: JobSchedulesTable
  job_runs: JobRunsTable
  job_step_runs: JobStepRunsTable
  job_agent: { id: 1; enabled: 0 | 1 }
  job_replicas: JobReplicasTable
  job_seeds: { name: string }
  job_notifications: JobNotificationsTable
}

export interface OperatorsTable {
  id: string
  name: string
  kind: OperatorKind
  /** A mail address or the URL of a webhook. */
  target: string
  /** Key of a webhook's signature; empty for mail. */
  secret: string
  enabled: 0 | 1
}

export type OperatorKind = 'email' | 'webhook'

export interface JobsTable {
  id: string
  name: string
  description: string
  category: string
  enabled: 0 | 1
  start_step: number
  notify_on: NotifyOn
  operator_id: string | null
  created_at: number
  changed_at: number
}

export type NotifyOn = 'never' | 'success' | 'failure' | 'completion'

export interface JobStepsTable {
  job_id: string
  /** From 1, without gaps. */
  step: number
  name: string
  action: string
  /** JSON. */
  parameters: string
  /** `next`, `quit_success`, `quit_failure`, or the number of a step. */
  on_success: string
  on_failure: string
  retry_attempts: number
  retry_interval_seconds: number
  /** 0: none. */
  timeout_seconds: number
}

export interface SchedulesTable {
  id: string
  name: string
  kind: ScheduleKind
  cron: string | null
  time_zone: string
  once_at: number | null
  enabled: 0 | 1
  active_from: number | null
  active_to: number | null
  /** A run whose replica died is run again. */
  rerun_lost: 0 | 1
}

export type ScheduleKind = 'cron' | 'once' | 'start'

export interface JobSchedulesTable {
  job_id: string
  schedule_id: string
  /** Null: no moment is left. */
  next_run_at: number | null
}

export interface JobRunsTable {
  id: string
  job_id: string
  schedule_id: string | null
  /** The moment of the schedule that this run stands for. */
  scheduled_for: number | null
  trigger: Trigger
  requested_by: string
  replica: string
  start_step: number
  started_at: number
  finished_at: number | null
  outcome: Outcome
  message: string
  /** While unfinished: its replica renews it (`lease-watch.ts`). */
  lease_until: number
  stop_requested: ColumnType<0 | 1, 0 | 1 | undefined, 0 | 1>
}

export type Trigger = 'schedule' | 'manual' | 'start'

/** As SQL Server Agent's `run_status`. `retrying` is an attempt that failed and is followed by another. */
export type Outcome = 'in_progress' | 'retrying' | 'succeeded' | 'failed' | 'cancelled'

export interface JobStepRunsTable {
  id: string
  run_id: string
  /** Order within the run, from 1. */
  position: number
  step: number
  name: string
  action: string
  /** From 1. */
  attempt: number
  started_at: number
  finished_at: number | null
  outcome: Outcome
  message: string
  rows: WithDefault
  files: WithDefault
  bytes: WithDefault
}

export interface JobReplicasTable {
  id: string
  host: string
  started_at: number
  seen_at: number
}

export interface JobNotificationsTable {
  id: string
  run_id: string
  operator_id: string
  status: 'waiting' | 'sent' | 'failed'
  attempts: number
  next_attempt_at: number
  message: string
}

type WithDefault = ColumnType<number, number | undefined, number>
