import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('stores')
    .addColumn('name', 'text', (c) => c.primaryKey()) // 'blobs': there is one store
    .addColumn('id', 'text', (c) => c.notNull()) // the same as in the store itself
    .execute()
}
