import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('resumables').addColumn('user_id', 'text').execute() // whose quota it uses; null: nobody's
  await db.schema
    .alterTable('resumables')
    .addColumn('reserved', 'bigint', (c) => c.notNull().defaultTo(0)) // bytes of that quota
    .execute()
  await sql`update resumables set
    reserved = coalesce(length, received),
    user_id = coalesce(
      (select user_id from uploads where uploads.id = resumables.upload_id),
      (select uploads.user_id from file_requests join uploads on uploads.id = file_requests.upload_id
        where file_requests.id = resumables.request_id))`.execute(db)
  await db.schema
    .createIndex('resumables_by_user')
    .on('resumables')
    .column('user_id')
    .where(sql.ref('user_id'), 'is not', null)
    .execute()
}
