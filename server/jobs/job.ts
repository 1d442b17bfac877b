import type { Row } from '../database/schema.ts'

/** Types of the job engine: rows as described in `schema-jobs.ts`, and a job with its parts. */

export interface Job extends Row<'jobs'> {
  /** In order; numbered from 1 without gaps. */
  steps: Step[]
  scheduleIds: string[]
}

export type Step = Omit<Row<'jobSteps'>, 'jobId'>
export type Schedule = Row<'schedules'>
/** Without the columns for coordinating replicas. */
export type Run = Omit<Row<'jobRuns'>, 'leaseUntil' | 'stopRequested'>
export type StepRun = Row<'jobStepRuns'>

/** The progress of an action: rows changed, files and bytes handled. */
export type Counts = Pick<StepRun, 'rows' | 'files' | 'bytes'>
