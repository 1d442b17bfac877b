import type { Kysely, Transaction } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { Outcome } from '../database/schema-jobs.ts'
import type { Transact } from '../database/transact.ts'
import type { SeenLease } from '../lib/leases.ts'
import type { Counts, Run, Schedule, StepRun } from './job.ts'

export type RunsRepo = ReturnType<typeof createRunsRepo>

/** A due schedule of a job. */
export interface DueSchedule {
  jobId: string
  schedule: Schedule
  nextRunAt: number
}

/** `busy`: the job is running already. `taken`: another replica has this moment. */
export type Claimed = 'started' | 'busy' | 'taken'

interface Claim {
  run: Run
  leaseUntil: number
  /** Of a scheduled run: the moment after this one, which makes it due no longer. */
  nextRunAt?: number | null
}

/** Starting, renewing and ending runs. Compare-and-set decides which replica executes a run. */
export function createRunsRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  return {
    /** Enabled schedules of enabled jobs that are due. */
    async listDue(now: number): Promise<DueSchedule[]> {
      const rows = await enabledSchedules(db).where('jobSchedules.nextRunAt', '<=', now).execute()
      return rows.map(({ jobId, nextRunAt, ...schedule }) => ({ jobId, schedule, nextRunAt: nextRunAt as number }))
    },

    /** Enabled schedules of enabled jobs, whenever they are due. */
    async listAttached(): Promise<{ jobId: string; schedule: Schedule; nextRunAt: number | null }[]> {
      const rows = await enabledSchedules(db).execute()
      return rows.map(({ jobId, nextRunAt, ...schedule }) => ({ jobId, schedule, nextRunAt }))
    },

    /**
     * Starts a run, unless another replica was first with this moment or the job is running already: the moment of a
     * schedule is then noted as cancelled, so that the history holds every one.
     */
    claim: ({ run, leaseUntil, nextRunAt }: Claim): Promise<Claimed> =>
      transact(async (trx) => {
        if (nextRunAt !== undefined && !(await advance(trx, run, run.scheduledFor, nextRunAt))) return 'taken'
        if (await insertRun(trx, run, leaseUntil)) return 'started'
        if (run.scheduledFor === null) return 'busy'
        const message = 'The job was running already.'
        const cancelled = { ...run, finishedAt: run.startedAt, outcome: 'cancelled' as const, message }
        return (await insertRun(trx, cancelled, leaseUntil)) ? 'busy' : 'taken'
      }),

    /** Corrects a schedule that was set too far ahead by a wrong clock. */
    realign: (jobId: string, scheduleId: string, from: number | null, to: number): Promise<boolean> =>
      transact((trx) => advance(trx, { jobId, scheduleId }, from, to)),

    /** Deletes moments in the future: they were recorded with a wrong clock, and are due again. */
    forgetMomentsAfter: (moment: number): Promise<void> =>
      transact(async (trx) => {
        await trx.updateTable('jobRuns').set({ scheduledFor: null }).where('scheduledFor', '>', moment).execute()
      }),

    /** Renews the lease of a run. Returns undefined if another process has closed the run. */
    renew: (id: string, replica: string, leaseUntil: number): Promise<{ stopRequested: boolean } | undefined> =>
      transact((trx) =>
        trx
          .updateTable('jobRuns')
          .set({ leaseUntil })
          .where('id', '=', id)
          .where('replica', '=', replica)
          .where('finishedAt', 'is', null)
          .returning('stopRequested')
          .executeTakeFirst(),
      ),

    /** Requests the stop of a run. Returns false if it is not running. */
    requestStop: (id: string): Promise<boolean> =>
      transact(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('jobRuns')
          .set({ stopRequested: true })
          .where('id', '=', id)
          .where('finishedAt', 'is', null)
          .executeTakeFirst()
        return numUpdatedRows === 1n
      }),

    beginStep: (step: StepRun): Promise<void> =>
      transact(async (trx) => {
        await trx.insertInto('jobStepRuns').values(step).execute()
      }),

    count: (stepRunId: string, { rows, files, bytes }: Counts): Promise<void> =>
      transact(async (trx) => {
        await trx
          .updateTable('jobStepRuns')
          .set({ rows, files, bytes })
          .where('id', '=', stepRunId)
          .where('finishedAt', 'is', null)
          .execute()
      }),

    endStep: (step: StepRun): Promise<void> =>
      transact(async (trx) => {
        const { outcome, message, finishedAt, rows, files, bytes } = step
        await trx
          .updateTable('jobStepRuns')
          .set({ outcome, message, finishedAt, rows, files, bytes })
          .where('id', '=', step.id)
          .where('finishedAt', 'is', null)
          .execute()
      }),

    /** Ends a run, and queues the notification of its operator. Returns false if another process has closed it. */
    end: (run: Run, notification?: { id: string; operatorId: string }): Promise<boolean> =>
      transact(async (trx) => {
        const { id, outcome, message } = run
        const finishedAt = run.finishedAt ?? run.startedAt
        if (!(await closeRun(trx, id, run.replica, { outcome, message, finishedAt }))) return false
        if (notification) {
          const queued = { status: 'waiting' as const, attempts: 0, nextAttemptAt: finishedAt, message: '' }
          await trx
            .insertInto('jobNotifications')
            .values({ id: notification.id, operatorId: notification.operatorId, runId: id, ...queued })
            .execute()
        }
        return true
      }),

    /** Runs of all replicas, with their leases. */
    listUnfinished: (): Promise<(Run & SeenLease)[]> =>
      db
        .selectFrom('jobRuns')
        .select([...RUN_COLUMNS, 'leaseUntil as mark'])
        .where('finishedAt', 'is', null)
        .execute(),

    find: (id: string): Promise<Run | undefined> =>
      db.selectFrom('jobRuns').select(RUN_COLUMNS).where('id', '=', id).executeTakeFirst(),

    findUnfinished: (jobId: string): Promise<Run | undefined> =>
      db
        .selectFrom('jobRuns')
        .select(RUN_COLUMNS)
        .where('jobId', '=', jobId)
        .where('finishedAt', 'is', null)
        .executeTakeFirst(),
  }
}

export const RUN_COLUMNS = [
  ...(['id', 'jobId', 'scheduleId', 'scheduledFor', 'trigger', 'requestedBy'] as const),
  ...(['replica', 'startStep', 'startedAt', 'finishedAt', 'outcome', 'message'] as const),
]

const enabledSchedules = (db: Kysely<Schema>) =>
  db
    .selectFrom('jobSchedules')
    .innerJoin('jobs', 'jobs.id', 'jobSchedules.jobId')
    .innerJoin('schedules', 'schedules.id', 'jobSchedules.scheduleId')
    .selectAll('schedules')
    .select(['jobSchedules.jobId', 'jobSchedules.nextRunAt'])
    .where('jobs.isEnabled', '=', true)
    .where('schedules.isEnabled', '=', true)
    .orderBy('jobSchedules.nextRunAt')

async function advance(
  trx: Transaction<Schema>,
  { jobId, scheduleId }: Pick<Run, 'jobId' | 'scheduleId'>,
  from: number | null,
  to: number | null,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('jobSchedules')
    .set({ nextRunAt: to })
    .where('jobId', '=', jobId)
    .where('scheduleId', '=', scheduleId)
    .where('nextRunAt', from === null ? 'is' : '=', from)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Two indexes may object: one moment runs once, and one job does not run twice at the same time. */
async function insertRun(trx: Transaction<Schema>, run: Run, leaseUntil: number): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('jobRuns')
    .values({ ...run, leaseUntil })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

/** With the step that was under way, should its own end not have been written. */
async function closeRun(
  trx: Transaction<Schema>,
  id: string,
  replica: string,
  { outcome, message, finishedAt }: { outcome: Outcome; message: string; finishedAt: number },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('jobRuns')
    .set({ outcome, message, finishedAt })
    .where('id', '=', id)
    .where('replica', '=', replica)
    .where('finishedAt', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return false
  await trx
    .updateTable('jobStepRuns')
    .set({ outcome, message, finishedAt })
    .where('runId', '=', id)
    .where('finishedAt', 'is', null)
    .execute()
  return true
}
