import type { Kysely } from 'kysely'

/** Columns of the job engine get the names that they have in the API. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ['jobs', 'schedules', 'operators', 'job_agent'])
    await db.schema.alterTable(table).renameColumn('enabled', 'is_enabled').execute()
  await db.schema.alterTable('schedules').renameColumn('once_at', 'at').execute()
}
