import { type Kysely, sql } from 'kysely'

/** Leases are looked through every two seconds; the time of an upload starts when its first file is whole. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('uploads').addColumn('started_at', 'bigint').execute()
  await sql`update uploads set started_at = created_at`.execute(db)
  await db.schema.dropIndex('claims_on_their_way').execute()
  await db.schema
    .createIndex('claims_busy')
    .on('claims')
    .column('busy_until')
    .where(sql.ref('busy_until'), '>', sql.lit(0))
    .execute()
  await db.schema
    .createIndex('resumables_being_written')
    .on('resumables')
    .column('writer')
    .where(sql.ref('writer'), 'is not', null)
    .execute()
}
