import type { Kysely } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { Outcome } from '../database/schema-jobs.ts'
import type { Transact } from '../database/transact.ts'
import type { Run, StepRun } from './job.ts'
import { RUN_COLUMNS } from './runs-repo.ts'

export type HistoryRepo = ReturnType<typeof createHistoryRepo>

export interface HistoryFilter {
  jobId?: string | undefined
  outcome?: Outcome | undefined
  /** Epoch ms, both inclusive. */
  startedFrom?: number | undefined
  startedTo?: number | undefined
}

/** Queries on the history of jobs. */
export function createHistoryRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  const filtered = ({ jobId, outcome, startedFrom, startedTo }: HistoryFilter) =>
    db
      .selectFrom('jobRuns')
      .$if(jobId !== undefined, (query) => query.where('jobId', '=', jobId ?? ''))
      .$if(outcome !== undefined, (query) => query.where('outcome', '=', outcome ?? 'failed'))
      .$if(startedFrom !== undefined, (query) => query.where('startedAt', '>=', startedFrom ?? 0))
      .$if(startedTo !== undefined, (query) => query.where('startedAt', '<=', startedTo ?? 0))

  return {
    /** The newest first. */
    async listRuns(filter: HistoryFilter, limit: number, offset: number): Promise<{ runs: Run[]; total: number }> {
      const runs = await filtered(filter)
        .select(RUN_COLUMNS)
        .orderBy('startedAt', 'desc')
        .orderBy('id')
        .limit(limit)
        .offset(offset)
        .execute()
      const { total } = await filtered(filter)
        .select((eb) => eb.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow()
      return { runs, total: Number(total) }
    },

    async listStepRuns(runIds: readonly string[]): Promise<StepRun[]> {
      if (runIds.length === 0) return []
      return db.selectFrom('jobStepRuns').selectAll().where('runId', 'in', runIds).orderBy('position').execute()
    },

    lastFinished: (jobId: string): Promise<Run | undefined> =>
      db
        .selectFrom('jobRuns')
        .select(RUN_COLUMNS)
        .where('jobId', '=', jobId)
        .where('finishedAt', 'is not', null)
        .orderBy('startedAt', 'desc')
        .limit(1)
        .executeTakeFirst(),

    /** Of the runs that succeeded, in ms; null when none did. */
    async averageDuration(jobId: string): Promise<number | null> {
      const { average } = await db
        .selectFrom('jobRuns')
        .select((eb) => eb.fn.avg<number | null>(eb('finishedAt', '-', eb.ref('startedAt'))).as('average'))
        .where('jobId', '=', jobId)
        .where('outcome', '=', 'succeeded')
        .executeTakeFirstOrThrow()
      return average === null ? null : Math.round(Number(average)) // PostgreSQL's average is text
    },

    /** Bytes of the last successful run of the action; 0 if there is none. */
    async bytesOfLast(action: string): Promise<number> {
      const row = await db
        .selectFrom('jobStepRuns')
        .select('bytes')
        .where('action', '=', action)
        .where('outcome', '=', 'succeeded')
        .orderBy('startedAt', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row?.bytes ?? 0
    },

    /** The next moment of each enabled job that has one. */
    async nextRuns(): Promise<Map<string, number>> {
      const rows = await db
        .selectFrom('jobSchedules')
        .innerJoin('schedules', 'schedules.id', 'jobSchedules.scheduleId')
        .innerJoin('jobs', 'jobs.id', 'jobSchedules.jobId')
        .select((eb) => ['jobSchedules.jobId', eb.fn.min('jobSchedules.nextRunAt').as('next')])
        .where('schedules.isEnabled', '=', true)
        .where('jobs.isEnabled', '=', true)
        .where('jobSchedules.nextRunAt', 'is not', null)
        .groupBy('jobSchedules.jobId')
        .execute()
      return new Map(rows.map(({ jobId, next }) => [jobId, Number(next)]))
    },

    /** Deletes at most `limit` finished runs that began before `before`, or lie beyond the newest `keep` (of one job, or of all). */
    prune: (by: { before: number } | { keep: number; jobId?: string }, limit: number): Promise<number> =>
      transact(async (trx) => {
        const finished = trx.selectFrom('jobRuns').select('id').where('finishedAt', 'is not', null)
        const over =
          'before' in by
            ? finished.where('startedAt', '<', by.before).limit(limit)
            : finished
                .$if(by.jobId !== undefined, (query) => query.where('jobId', '=', by.jobId ?? ''))
                .orderBy('startedAt', 'desc')
                .orderBy('id')
                .offset(by.keep)
                .limit(limit)
        const ids = (await over.execute()).map(({ id }) => id)
        if (ids.length === 0) return 0
        const { numDeletedRows } = await trx.deleteFrom('jobRuns').where('id', 'in', ids).executeTakeFirst()
        return Number(numDeletedRows)
      }),
  }
}
