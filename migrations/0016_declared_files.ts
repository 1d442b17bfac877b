import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('files').addColumn('declared_by', 'text').execute() // who declared it ahead: a user's id or an address; null: it was not
  await db.schema
    .createIndex('files_declared')
    .on('files')
    .column('declared_by')
    .where(sql.ref('status'), '=', sql.lit('missing'))
    .execute()
}
