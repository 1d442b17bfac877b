import type { NotifyOn, Outcome, ScheduleKind, Trigger } from '../database/schema-jobs.ts'

/** The words of the job engine, as SQL Server Agent uses them. Times are epoch ms. */

export interface Job {
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
  /** In order; numbered from 1 without gaps. */
  steps: Step[]
  scheduleIds: string[]
}

export interface Step {
  step: number
  name: string
  /** A name in the registry of actions. */
  action: string
  parameters: Record<string, unknown>
  onSuccess: Following
  onFailure: Following
  /** Further attempts before `onFailure` is followed. */
  retryAttempts: number
  retryIntervalSeconds: number
  /** 0: none. */
  timeoutSeconds: number
}

/** What comes after a step. A number names a step. After the last one, `next` ends the job as the step ended. */
export type Following = 'next' | 'quit_success' | 'quit_failure' | number

export interface Schedule {
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

/** One execution of a job: SQL Server Agent's step 0. */
export interface Run {
  id: string
  jobId: string
  scheduleId: string | null
  /** The moment of the schedule that it stands for. */
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
}

/** One attempt at one step. */
export interface StepRun extends Counts {
  id: string
  runId: string
  /** Order within the run, from 1. */
  position: number
  step: number
  name: string
  action: string
  attempt: number
  startedAt: number
  finishedAt: number | null
  outcome: Outcome
  message: string
}

/** What an action did so far: rows changed, files and bytes handled. */
export interface Counts {
  rows: number
  files: number
  bytes: number
}
