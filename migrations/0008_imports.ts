import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('imported_uploads')
    .addColumn('id', 'text', (c) => c.primaryKey()) // of an upload that came from Plik, also when it is gone by now
    .addColumn('imported_at', 'bigint', (c) => c.notNull()) // epoch ms
    .execute()
}
