import type { Kysely, Transaction } from 'kysely'
import type { Row, Schema } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'
import type { Job, Schedule } from './job.ts'

export type JobsRepo = ReturnType<typeof createJobsRepo>

/** The next due moment of each schedule of a job; null: none. */
export type NextRuns = ReadonlyMap<string, number | null>

/** Jobs, their steps, and the schedules that they share. */
export function createJobsRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  async function complete(rows: Row<'jobs'>[]): Promise<Job[]> {
    const steps = await db.selectFrom('jobSteps').selectAll().orderBy('step').execute()
    const attached = await db.selectFrom('jobSchedules').selectAll().orderBy('scheduleId').execute()
    return rows.map((job) => ({
      ...job,
      steps: steps.filter(({ jobId }) => jobId === job.id).map(({ jobId, ...step }) => step),
      scheduleIds: attached.filter(({ jobId }) => jobId === job.id).map(({ scheduleId }) => scheduleId),
    }))
  }

  return {
    list: async (): Promise<Job[]> => complete(await db.selectFrom('jobs').selectAll().orderBy('name').execute()),

    async find(idOrName: string): Promise<Job | undefined> {
      const rows = await db
        .selectFrom('jobs')
        .selectAll()
        .where((eb) => eb.or([eb('id', '=', idOrName), eb('name', '=', idOrName)]))
        .execute()
      const [job] = await complete(rows.slice(0, 1))
      return job
    },

    /** Returns false if the name is taken. */
    insert: (job: Job, next: NextRuns): Promise<boolean> => transact((trx) => insertJob(trx, job, next)),

    /** Replaces a job except its history. Returns false if it was deleted, or another job has the name. */
    replace: (job: Job, next: NextRuns): Promise<boolean> =>
      transact(async (trx) => {
        const namesake = await trx
          .selectFrom('jobs')
          .select('id')
          .where('name', '=', job.name)
          .where('id', '<>', job.id)
          .executeTakeFirst()
        if (namesake) return false
        const { id, steps, scheduleIds, ...row } = job
        const { numUpdatedRows } = await trx.updateTable('jobs').set(row).where('id', '=', id).executeTakeFirst()
        if (numUpdatedRows === 0n) return false
        await trx.deleteFrom('jobSteps').where('jobId', '=', id).execute()
        await trx.deleteFrom('jobSchedules').where('jobId', '=', id).execute()
        await insertParts(trx, job, next)
        return true
      }),

    /** Also deletes its history. Returns false if it was already deleted. */
    remove: (id: string): Promise<boolean> =>
      transact(async (trx) => {
        const { numDeletedRows } = await trx.deleteFrom('jobs').where('id', '=', id).executeTakeFirst()
        return numDeletedRows === 1n
      }),

    listSchedules: (): Promise<Schedule[]> => db.selectFrom('schedules').selectAll().orderBy('name').execute(),

    findSchedule: (idOrName: string): Promise<Schedule | undefined> =>
      db
        .selectFrom('schedules')
        .selectAll()
        .where((eb) => eb.or([eb('id', '=', idOrName), eb('name', '=', idOrName)]))
        .executeTakeFirst(),

    /** Returns false if the name is taken. */
    insertSchedule: (schedule: Schedule): Promise<boolean> => transact((trx) => insertSchedule(trx, schedule)),

    /**
     * Sets the next moment of all its jobs to `nextRunAt`. Returns false if it was deleted, or another schedule has the
     * name.
     */
    replaceSchedule: (schedule: Schedule, nextRunAt: number | null): Promise<boolean> =>
      transact(async (trx) => {
        const { id, ...row } = schedule
        const { numUpdatedRows } = await trx
          .updateTable('schedules')
          .set(row)
          .where('id', '=', id)
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('schedules as others')
                  .select('others.id')
                  .where('others.name', '=', schedule.name)
                  .where('others.id', '<>', id),
              ),
            ),
          )
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return false
        await trx.updateTable('jobSchedules').set({ nextRunAt }).where('scheduleId', '=', id).execute()
        return true
      }),

    /** Removes it from its jobs. Returns false if it was already deleted. */
    removeSchedule: (id: string): Promise<boolean> =>
      transact(async (trx) => {
        const { numDeletedRows } = await trx.deleteFrom('schedules').where('id', '=', id).executeTakeFirst()
        return numDeletedRows === 1n
      }),

    /** Inserts shipped jobs that were never inserted before: what an operator deleted stays deleted. */
    seed: (schedules: Schedule[], jobs: Job[], next: NextRuns): Promise<void> =>
      transact(async (trx) => {
        const known = await trx.selectFrom('jobSeeds').select('name').execute()
        const isNew = (name: string) => !known.some((seed) => seed.name === name)
        for (const job of jobs.filter(({ name }) => isNew(name))) {
          const seeded = await trx
            .insertInto('jobSeeds')
            .values({ name: job.name })
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirst()
          if (seeded.numInsertedOrUpdatedRows !== 1n) continue // another server starts at the same time
          for (const schedule of schedules.filter(({ id }) => job.scheduleIds.includes(id)))
            await insertSchedule(trx, schedule)
          await insertJob(trx, job, next)
        }
      }),
  }
}

async function insertJob(trx: Transaction<Schema>, job: Job, next: NextRuns): Promise<boolean> {
  const { steps, scheduleIds, ...row } = job
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('jobs')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (numInsertedOrUpdatedRows !== 1n) return false
  await insertParts(trx, job, next)
  return true
}

async function insertParts(trx: Transaction<Schema>, { id, steps, scheduleIds }: Job, next: NextRuns): Promise<void> {
  const stepRows = steps.map(({ onSuccess, onFailure, ...step }) => ({
    ...step,
    jobId: id,
    onSuccess: String(onSuccess),
    onFailure: String(onFailure),
  }))
  await trx.insertInto('jobSteps').values(stepRows).execute()
  for (const scheduleId of scheduleIds) {
    const row = { jobId: id, scheduleId, nextRunAt: next.get(scheduleId) ?? null }
    await trx.insertInto('jobSchedules').values(row).execute()
  }
}

async function insertSchedule(trx: Transaction<Schema>, schedule: Schedule): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('schedules')
    .values(schedule)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}
