import type { ColumnType } from 'kysely'

/** The rows of `server/jobs` in the words of SQL Server Agent, as `schema.ts` describes them. */
export interface JobsSchema {
  operators: OperatorsTable
  jobs: JobsTable
  jobSteps: JobStepsTable
  schedules: SchedulesTable
  jobSchedules: JobSchedulesTable
  jobRuns: JobRunsTable
  jobStepRuns: JobStepRunsTable
  jobAgent: { id: 1; isEnabled: boolean }
  jobReplicas: JobReplicasTable
  jobSeeds: { name: string }
  jobNotifications: JobNotificationsTable
}

export interface OperatorsTable {
  id: string
  name: string
  kind: OperatorKind
  /** A mail address or the URL of a webhook. */
  target: string
  /** Key of a webhook's signature; empty for mail. */
  secret: string
  isEnabled: boolean
}

export type OperatorKind = 'email' | 'webhook'

export interface JobsTable {
  id: string
  /** Unique; may stand for the id wherever a person writes it. */
  name: string
  description: string
  category: string
  isEnabled: boolean
  /** Where a run begins unless it says otherwise. */
  startStep: number
  notifyOn: NotifyOn
  operatorId: string | null
  createdAt: number
  changedAt: number
}

export type NotifyOn = 'never' | 'success' | 'failure' | 'completion'

export interface JobStepsTable {
  jobId: string
  /** From 1, without gaps. */
  step: number
  name: string
  /** A name in the registry of actions. */
  action: string
  parameters: Record<string, unknown>
  onSuccess: ColumnType<Following, string>
  onFailure: ColumnType<Following, string>
  /** Further attempts before `onFailure` is followed. */
  retryAttempts: number
  retryIntervalSeconds: number
  /** 0: none. */
  timeoutSeconds: number
}

/** What comes after a step. A number names a step. After the last one, `next` ends the job as the step ended. */
export type Following = 'next' | 'quit_success' | 'quit_failure' | number

export interface SchedulesTable {
  id: string
  name: string
  /** By cron expression; once, at a moment; or whenever a server starts. */
  kind: ScheduleKind
  cron: string | null
  timeZone: string
  at: number | null
  isEnabled: boolean
  /** Moments outside of these (both inclusive) are left out. */
  activeFrom: number | null
  activeTo: number | null
  /** Whether a run whose replica died is run again. */
  rerunLost: boolean
}

export type ScheduleKind = 'cron' | 'once' | 'start'

export interface JobSchedulesTable {
  jobId: string
  scheduleId: string
  /** Null: no moment is left. */
  nextRunAt: number | null
}

/** One execution of a job: SQL Server Agent's step 0. */
export interface JobRunsTable {
  id: string
  jobId: string
  scheduleId: string | null
  /** The moment of the schedule that this run stands for. */
  scheduledFor: number | null
  trigger: Trigger
  requestedBy: string
  /** The server process that executes it. */
  replica: string
  startStep: number
  startedAt: number
  finishedAt: number | null
  outcome: Outcome
  message: string
  /** While unfinished: its replica renews it (`leases.ts`). */
  leaseUntil: number
  stopRequested: ColumnType<boolean, boolean | undefined, boolean>
}

export type Trigger = 'schedule' | 'manual' | 'start'

/** As SQL Server Agent's `run_status`. `retrying` is an attempt that failed and is followed by another. */
export type Outcome = 'in_progress' | 'retrying' | 'succeeded' | 'failed' | 'cancelled'

/** One attempt at one step. */
export interface JobStepRunsTable {
  id: string
  runId: string
  /** Order within the run, from 1. */
  position: number
  step: number
  name: string
  action: string
  /** From 1. */
  attempt: number
  startedAt: number
  finishedAt: number | null
  outcome: Outcome
  message: string
  rows: WithDefault
  files: WithDefault
  bytes: WithDefault
}

export interface JobReplicasTable {
  id: string
  host: string
  startedAt: number
  seenAt: number
}

export interface JobNotificationsTable {
  id: string
  runId: string
  operatorId: string
  status: 'waiting' | 'sent' | 'failed'
  /** Made so far. */
  attempts: number
  nextAttemptAt: number
  message: string
}

type WithDefault = ColumnType<number, number | undefined, number>
