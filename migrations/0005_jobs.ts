import { type Kysely, sql } from 'kysely'

/** Named after `msdb` of SQL Server Agent: jobs, steps, schedules (many to many), operators, history. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('operators')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull().unique())
    .addColumn('kind', 'text', (c) => c.notNull()) // email | webhook
    .addColumn('target', 'text', (c) => c.notNull()) // mail address | URL
    .addColumn('secret', 'text', (c) => c.notNull()) // webhook: key of the signature
    .addColumn('enabled', 'integer', (c) => c.notNull())
    .execute()

  await db.schema
    .createTable('jobs')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull().unique())
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('category', 'text', (c) => c.notNull())
    .addColumn('enabled', 'integer', (c) => c.notNull())
    .addColumn('start_step', 'integer', (c) => c.notNull())
    .addColumn('notify_on', 'text', (c) => c.notNull()) // never | success | failure | completion
    .addColumn('operator_id', 'text', (c) => c.references('operators.id').onDelete('set null'))
    .addColumn('created_at', 'bigint', (c) => c.notNull()) // epoch ms
    .addColumn('changed_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('job_steps')
    .addColumn('job_id', 'text', (c) => c.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('step', 'integer', (c) => c.notNull()) // from 1
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull()) // a name in the registry of actions
    .addColumn('parameters', 'text', (c) => c.notNull()) // JSON
    .addColumn('on_success', 'text', (c) => c.notNull()) // next | quit_success | quit_failure | number of a step
    .addColumn('on_failure', 'text', (c) => c.notNull())
    .addColumn('retry_attempts', 'integer', (c) => c.notNull())
    .addColumn('retry_interval_seconds', 'integer', (c) => c.notNull())
    .addColumn('timeout_seconds', 'integer', (c) => c.notNull()) // 0: none
    .addPrimaryKeyConstraint('job_steps_pkey', ['job_id', 'step'])
    .execute()

  await db.schema
    .createTable('schedules')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull().unique())
    .addColumn('kind', 'text', (c) => c.notNull()) // cron | once | start
    .addColumn('cron', 'text')
    .addColumn('time_zone', 'text', (c) => c.notNull())
    .addColumn('once_at', 'bigint')
    .addColumn('enabled', 'integer', (c) => c.notNull())
    .addColumn('active_from', 'bigint')
    .addColumn('active_to', 'bigint')
    .addColumn('rerun_lost', 'integer', (c) => c.notNull()) // a run whose replica died is run again
    .execute()
  await db.schema
    .createTable('job_schedules')
    .addColumn('job_id', 'text', (c) => c.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('schedule_id', 'text', (c) => c.notNull().references('schedules.id').onDelete('cascade'))
    .addColumn('next_run_at', 'bigint') // null: no moment is left
    .addPrimaryKeyConstraint('job_schedules_pkey', ['job_id', 'schedule_id'])
    .execute()
  await db.schema.createIndex('job_schedules_due').on('job_schedules').column('next_run_at').execute()

  await db.schema
    .createTable('job_runs')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('job_id', 'text', (c) => c.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('schedule_id', 'text') // not a reference: the history outlives the schedule
    .addColumn('scheduled_for', 'bigint')
    .addColumn('trigger', 'text', (c) => c.notNull()) // schedule | manual | start
    .addColumn('requested_by', 'text', (c) => c.notNull())
    .addColumn('replica', 'text', (c) => c.notNull())
    .addColumn('start_step', 'integer', (c) => c.notNull())
    .addColumn('started_at', 'bigint', (c) => c.notNull())
    .addColumn('finished_at', 'bigint')
    .addColumn('outcome', 'text', (c) => c.notNull()) // in_progress | retrying | succeeded | failed | cancelled
    .addColumn('message', 'text', (c) => c.notNull())
    .addColumn('lease_until', 'bigint', (c) => c.notNull())
    .addColumn('stop_requested', 'integer', (c) => c.notNull().defaultTo(0))
    .execute()
  await db.schema // the claim: each moment of a job's schedule is run once, however many replicas there are
    .createIndex('job_runs_by_moment')
    .on('job_runs')
    .columns(['job_id', 'schedule_id', 'scheduled_for'])
    .unique()
    .execute()
  await db.schema // a job never runs twice at the same time
    .createIndex('job_runs_unfinished')
    .on('job_runs')
    .column('job_id')
    .unique()
    .where(sql.ref('finished_at'), 'is', null)
    .execute()
  await db.schema.createIndex('job_runs_by_job').on('job_runs').columns(['job_id', 'started_at']).execute()
  await db.schema.createIndex('job_runs_by_start').on('job_runs').column('started_at').execute()

  await db.schema
    .createTable('job_step_runs')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('run_id', 'text', (c) => c.notNull().references('job_runs.id').onDelete('cascade'))
    .addColumn('position', 'integer', (c) => c.notNull()) // order within the run, from 1
    .addColumn('step', 'integer', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('attempt', 'integer', (c) => c.notNull()) // from 1
    .addColumn('started_at', 'bigint', (c) => c.notNull())
    .addColumn('finished_at', 'bigint')
    .addColumn('outcome', 'text', (c) => c.notNull())
    .addColumn('message', 'text', (c) => c.notNull())
    .addColumn('rows', 'bigint', (c) => c.notNull().defaultTo(0))
    .addColumn('files', 'bigint', (c) => c.notNull().defaultTo(0))
    .addColumn('bytes', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute()
  await db.schema
    .createIndex('job_step_runs_by_run')
    .on('job_step_runs')
    .columns(['run_id', 'position'])
    .unique()
    .execute()

  await db.schema.createIndex('job_step_runs_by_action').on('job_step_runs').columns(['action', 'started_at']).execute()

  await db.schema
    .createTable('job_agent')
    .addColumn('id', 'integer', (c) => c.primaryKey()) // one row
    .addColumn('enabled', 'integer', (c) => c.notNull())
    .execute()
  await db
    .insertInto('job_agent' as never)
    .values({ id: 1, enabled: 1 } as never)
    .execute()
  await db.schema
    .createTable('job_replicas')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('host', 'text', (c) => c.notNull())
    .addColumn('started_at', 'bigint', (c) => c.notNull())
    .addColumn('seen_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('job_seeds') // jobs that shipped once: what an operator deleted stays deleted
    .addColumn('name', 'text', (c) => c.primaryKey())
    .execute()
  await db.schema
    .createTable('job_notifications')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('run_id', 'text', (c) => c.notNull().references('job_runs.id').onDelete('cascade'))
    .addColumn('operator_id', 'text', (c) => c.notNull().references('operators.id').onDelete('cascade'))
    .addColumn('status', 'text', (c) => c.notNull()) // waiting | sent | failed
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('next_attempt_at', 'bigint', (c) => c.notNull())
    .addColumn('message', 'text', (c) => c.notNull())
    .execute()
  await db.schema
    .createIndex('job_notifications_due')
    .on('job_notifications')
    .columns(['status', 'next_attempt_at'])
    .execute()

  await db.schema.alterTable('files').addColumn('fault', 'text').execute() // missing | size | digest; null: none known
  await db.schema.alterTable('files').addColumn('verified_at', 'bigint').execute() // when its digest was last compared
  await db.schema
    .createIndex('files_broken')
    .on('files')
    .column('fault')
    .where(sql.ref('fault'), 'is not', null)
    .execute()
  await db.schema
    .createIndex('files_to_verify')
    .on('files')
    .column('verified_at') // without the id, rows that were never verified stand in the order of their creation, as they go
    .where(sql.ref('status'), '=', sql.lit('uploaded'))
    .execute()
}
