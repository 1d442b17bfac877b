import type { Row } from '../database/schema.ts'

/** The words of the job engine: rows as `schema-jobs.ts` describes them, and a job with its parts. */

export interface Job extends Row<'jobs'> {
  /** In order; numbered from 1 without gaps. */
  steps: Step[]
  scheduleIds: string[]
}

export type Step = Omit<Row<'jobSteps'>, 'jobId'>
export type Schedule = Row<'schedules'>
/** Without what its replica notes for the others. */
export type Run = Omit<Row<'jobRuns'>, 'leaseUntil' | 'stopRequested'>
export type StepRun = Row<'jobStepRuns'>

/** What an action did so far: rows changed, files and bytes handled. */
export type Counts = Pick<StepRun, 'rows' | 'files' | 'bytes'>
