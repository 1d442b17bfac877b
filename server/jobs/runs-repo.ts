import type { Kysely, Transaction } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { Outcome } from '../database/schema-jobs.ts'
import type { Transact } from '../database/transact.ts'
import type { SeenLease } from '../lib/lease-watch.ts'
import type { Counts, Run, Schedule, StepRun } from './job.ts'
import { toRun, toRunRow, toSchedule, toStepRunRow } from './job-rows.ts'

export type RunsRepo = ReturnType<typeof createRunsRepo>

/** A schedule whose moment has come for a job. */
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

/** Runs as they are claimed, kept alive and ended. Who may run what is settled here, by compare-and-set. */
export function createRunsRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  return {
    /** Enabled schedules of enabled jobs whose moment has come. */
    async listDue(now: number): Promise<DueSchedule[]> {
      const rows = await enabledSchedules(db).where('job_schedules.next_run_at', '<=', now).execute()
      return rows.map((row) => ({ jobId: row.job_id, schedule: toSchedule(row), nextRunAt: row.next_run_at as number }))
    },

    /** Enabled schedules of enabled jobs, whenever they are due. */
    async listAttached(): Promise<{ jobId: string; schedule: Schedule; nextRunAt: number | null }[]> {
      const rows = await enabledSchedules(db).execute()
      return rows.map((row) => ({ jobId: row.job_id, schedule: toSchedule(row), nextRunAt: row.next_run_at }))
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

    /** Moves a schedule that a clock which leapt has left too far ahead. */
    realign: (jobId: string, scheduleId: string, from: number | null, to: number): Promise<boolean> =>
      transact((trx) => advance(trx, { jobId, scheduleId }, from, to)),

    /** Gives back moments that lie ahead: the clock that ran them was wrong, and they come again. */
    forgetMomentsAfter: (moment: number): Promise<void> =>
      transact(async (trx) => {
        await trx.updateTable('job_runs').set({ scheduled_for: null }).where('scheduled_for', '>', moment).execute()
      }),

    /** Says that the replica is alive. Undefined: the run was closed by somebody else. */
    async renew(id: string, replica: string, leaseUntil: number): Promise<{ stopRequested: boolean } | undefined> {
      const row = await transact((trx) =>
        trx
          .updateTable('job_runs')
          .set({ lease_until: leaseUntil })
          .where('id', '=', id)
          .where('replica', '=', replica)
          .where('finished_at', 'is', null)
          .returning('stop_requested')
          .executeTakeFirst(),
      )
      return row && { stopRequested: row.stop_requested === 1 }
    },

    /** Asks whoever runs it to stop. False: it is not running. */
    requestStop: (id: string): Promise<boolean> =>
      transact(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('job_runs')
          .set({ stop_requested: 1 })
          .where('id', '=', id)
          .where('finished_at', 'is', null)
          .executeTakeFirst()
        return numUpdatedRows === 1n
      }),

    beginStep: (step: StepRun): Promise<void> =>
      transact(async (trx) => {
        await trx.insertInto('job_step_runs').values(toStepRunRow(step)).execute()
      }),

    count: (stepRunId: string, { rows, files, bytes }: Counts): Promise<void> =>
      transact(async (trx) => {
        await trx
          .updateTable('job_step_runs')
          .set({ rows, files, bytes })
          .where('id', '=', stepRunId)
          .where('finished_at', 'is', null)
          .execute()
      }),

    endStep: (step: StepRun): Promise<void> =>
      transact(async (trx) => {
        const { outcome, message, finishedAt, rows, files, bytes } = step
        await trx
          .updateTable('job_step_runs')
          .set({ outcome, message, finished_at: finishedAt, rows, files, bytes })
          .where('id', '=', step.id)
          .where('finished_at', 'is', null)
          .execute()
      }),

    /** Ends a run, and queues word of it for the operator. False: somebody else closed it. */
    end: (run: Run, notification?: { id: string; operatorId: string }): Promise<boolean> =>
      transact(async (trx) => {
        const { id, outcome, message } = run
        const finishedAt = run.finishedAt ?? run.startedAt
        if (!(await closeRun(trx, id, run.replica, { outcome, message, finishedAt }))) return false
        if (notification) {
          const queued = { status: 'waiting' as const, attempts: 0, next_attempt_at: finishedAt, message: '' }
          await trx
            .insertInto('job_notifications')
            .values({ id: notification.id, operator_id: notification.operatorId, run_id: id, ...queued })
            .execute()
        }
        return true
      }),

    /** Runs of all replicas, with their leases. */
    async listUnfinished(): Promise<(Run & SeenLease)[]> {
      const rows = await db.selectFrom('job_runs').selectAll().where('finished_at', 'is', null).execute()
      return rows.map((row) => ({ ...toRun(row), mark: row.lease_until }))
    },

    async find(id: string): Promise<Run | undefined> {
      const row = await db.selectFrom('job_runs').selectAll().where('id', '=', id).executeTakeFirst()
      return row && toRun(row)
    },

    async findUnfinished(jobId: string): Promise<Run | undefined> {
      const row = await db
        .selectFrom('job_runs')
        .selectAll()
        .where('job_id', '=', jobId)
        .where('finished_at', 'is', null)
        .executeTakeFirst()
      return row && toRun(row)
    },
  }
}

const enabledSchedules = (db: Kysely<Schema>) =>
  db
    .selectFrom('job_schedules')
    .innerJoin('jobs', 'jobs.id', 'job_schedules.job_id')
    .innerJoin('schedules', 'schedules.id', 'job_schedules.schedule_id')
    .selectAll('schedules')
    .select(['job_schedules.job_id', 'job_schedules.next_run_at'])
    .where('jobs.enabled', '=', 1)
    .where('schedules.enabled', '=', 1)
    .orderBy('job_schedules.next_run_at')

async function advance(
  trx: Transaction<Schema>,
  { jobId, scheduleId }: Pick<Run, 'jobId' | 'scheduleId'>,
  from: number | null,
  to: number | null,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('job_schedules')
    .set({ next_run_at: to })
    .where('job_id', '=', jobId)
    .where('schedule_id', '=', scheduleId)
    .where('next_run_at', from === null ? 'is' : '=', from)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Two indexes may object: one moment runs once, and one job does not run twice at the same time. */
async function insertRun(trx: Transaction<Schema>, run: Run, leaseUntil: number): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('job_runs')
    .values(toRunRow(run, leaseUntil))
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
    .updateTable('job_runs')
    .set({ outcome, message, finished_at: finishedAt })
    .where('id', '=', id)
    .where('replica', '=', replica)
    .where('finished_at', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return false
  await trx
    .updateTable('job_step_runs')
    .set({ outcome, message, finished_at: finishedAt })
    .where('run_id', '=', id)
    .where('finished_at', 'is', null)
    .execute()
  return true
}
