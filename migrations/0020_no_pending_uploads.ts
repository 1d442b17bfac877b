import { type Kysely, sql } from 'kysely'

/** A quick upload has no rows before its form was received: those that were still being received are removed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`update files set status = 'removed' where status in ('uploading', 'uploaded')
    and upload_id in (select id from uploads where status = 'pending')`.execute(db)
  await sql`update uploads set status = 'removed' where status = 'pending'`.execute(db)
}
