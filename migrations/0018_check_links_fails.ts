import { type Kysely, sql } from 'kysely'

/** The step of `check-links` that finds damage becomes its last, so that the job ends as that step does. A job that was changed stays. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    select jobs.id from jobs
    join job_steps a on a.job_id = jobs.id and a.step = 1 and a.action = 'check-links' and a.on_failure = 'next'
    join job_steps b on b.job_id = jobs.id and b.step = 2 and b.action = 'remove-orphans'
    where jobs.name = 'check-links' and jobs.start_step = 1
    and not exists (select 1 from job_steps c where c.job_id = jobs.id and c.step > 2)`.execute(db)
  for (const { id } of rows) {
    await sql`update job_steps set step = 0, on_failure = 'quit_failure' where job_id = ${id} and step = 1`.execute(db)
    await sql`update job_steps set step = 1, on_failure = 'next' where job_id = ${id} and step = 2`.execute(db)
    await sql`update job_steps set step = 2 where job_id = ${id} and step = 0`.execute(db)
  }
}
