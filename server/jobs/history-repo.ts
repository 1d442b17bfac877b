import type { Kysely } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { Outcome } from '../database/schema-jobs.ts'
import type { Transact } from '../database/transact.ts'
import type { Run, StepRun } from './job.ts'
import { toRun, toStepRun } from './job-rows.ts'

export type HistoryRepo = ReturnType<typeof createHistoryRepo>

export interface HistoryFilter {
  jobId?: string | undefined
  outcome?: Outcome | undefined
  /** Epoch ms, both inclusive. */
  startedFrom?: number | undefined
  startedTo?: number | undefined
}

/** What operators ask of the past. */
export function createHistoryRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  const filtered = ({ jobId, outcome, startedFrom, startedTo }: HistoryFilter) =>
    db
      .selectFrom('job_runs')
      .$if(jobId !== undefined, (query) => query.where('job_id', '=', jobId ?? ''))
      .$if(outcome !== undefined, (query) => query.where('outcome', '=', outcome ?? 'failed'))
      .$if(startedFrom !== undefined, (query) => query.where('started_at', '>=', startedFrom ?? 0))
      .$if(startedTo !== undefined, (query) => query.where('started_at', '<=', startedTo ?? 0))

  return {
    /** The newest first. */
    async listRuns(filter: HistoryFilter, limit: number, offset: number): Promise<{ runs: Run[]; total: number }> {
      const rows = await filtered(filter)
        .selectAll()
        .orderBy('started_at', 'desc')
        .orderBy('id')
        .limit(limit)
        .offset(offset)
        .execute()
      const { total } = await filtered(filter)
        .select((eb) => eb.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow()
      return { runs: rows.map(toRun), total: Number(total) }
    },

    async listStepRuns(runIds: readonly string[]): Promise<StepRun[]> {
      if (runIds.length === 0) return []
      const rows = await db
        .selectFrom('job_step_runs')
        .selectAll()
        .where('run_id', 'in', runIds)
        .orderBy('position')
        .execute()
      return rows.map(toStepRun)
    },

    async lastFinished(jobId: string): Promise<Run | undefined> {
      const row = await db
        .selectFrom('job_runs')
        .selectAll()
        .where('job_id', '=', jobId)
        .where('finished_at', 'is not', null)
        .orderBy('started_at', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row && toRun(row)
    },

    /** Of the runs that succeeded, in ms; null when none did. */
    async averageDuration(jobId: string): Promise<number | null> {
      const { average } = await db
        .selectFrom('job_runs')
        .select((eb) => eb.fn.avg<number | null>(eb('finished_at', '-', eb.ref('started_at'))).as('average'))
        .where('job_id', '=', jobId)
        .where('outcome', '=', 'succeeded')
        .executeTakeFirstOrThrow()
      return average === null ? null : Math.round(Number(average)) // PostgreSQL's average is text
    },

    /** By the last time that the action succeeded; 0 when it never did. */
    async bytesOfLast(action: string): Promise<number> {
      const row = await db
        .selectFrom('job_step_runs')
        .select('bytes')
        .where('action', '=', action)
        .where('outcome', '=', 'succeeded')
        .orderBy('started_at', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row?.bytes ?? 0
    },

    /** The next moment of each enabled job that has one. */
    async nextRuns(): Promise<Map<string, number>> {
      const rows = await db
        .selectFrom('job_schedules')
        .innerJoin('schedules', 'schedules.id', 'job_schedules.schedule_id')
        .innerJoin('jobs', 'jobs.id', 'job_schedules.job_id')
        .select((eb) => ['job_schedules.job_id', eb.fn.min('job_schedules.next_run_at').as('next')])
        .where('schedules.enabled', '=', 1)
        .where('jobs.enabled', '=', 1)
        .where('job_schedules.next_run_at', 'is not', null)
        .groupBy('job_schedules.job_id')
        .execute()
      return new Map(rows.map(({ job_id, next }) => [job_id, Number(next)]))
    },

    /** Deletes at most `limit` finished runs that began before `before`, or lie beyond the newest `keep` (of one job, or of all). */
    prune: (by: { before: number } | { keep: number; jobId?: string }, limit: number): Promise<number> =>
      transact(async (trx) => {
        const finished = trx.selectFrom('job_runs').select('id').where('finished_at', 'is not', null)
        const over =
          'before' in by
            ? finished.where('started_at', '<', by.before).limit(limit)
            : finished
                .$if(by.jobId !== undefined, (query) => query.where('job_id', '=', by.jobId ?? ''))
                .orderBy('started_at', 'desc')
                .orderBy('id')
                .offset(by.keep)
                .limit(limit)
        const ids = (await over.execute()).map(({ id }) => id)
        if (ids.length === 0) return 0
        const { numDeletedRows } = await trx.deleteFrom('job_runs').where('id', 'in', ids).executeTakeFirst()
        return Number(numDeletedRows)
      }),
  }
}
