import type { Kysely } from 'kysely'

/** Apart from the uploads, which are read at each download. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('manifests')
    .addColumn('upload_id', 'text', (c) => c.primaryKey().references('uploads.id').onDelete('cascade'))
    .addColumn('sealed', 'text', (c) => c.notNull())
    .execute()
}
