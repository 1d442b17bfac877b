import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('resumables')
    .addColumn('is_torn', 'integer', (c) => c.notNull().defaultTo(0)) // its last writer did not let go, and may come round
    .execute()
  await db.schema.alterTable('resumables').addColumn('request_id', 'text').execute() // a part that a guest sends
  await db.schema
    .createIndex('resumables_by_request')
    .on('resumables')
    .column('request_id')
    .where(sql.ref('request_id'), 'is not', null)
    .execute()
}
