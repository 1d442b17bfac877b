import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('resumables')
    .addColumn('id', 'text', (c) => c.primaryKey()) // sha-256 of the secret in its URL, hexadecimal
    .addColumn('status', 'text', (c) => c.notNull()) // open | finished
    .addColumn('upload_id', 'text', (c) => c.references('uploads.id').onDelete('cascade')) // null: a part for a concatenation
    .addColumn('file_id', 'text')
    .addColumn('owns_upload', 'integer', (c) => c.notNull())
    .addColumn('blob_key', 'text') // null: the bytes belong to the file, or are gone
    .addColumn('length', 'bigint') // bytes; null: not known yet
    .addColumn('max_length', 'bigint') // bytes; null: no limit
    .addColumn('received', 'bigint', (c) => c.notNull().defaultTo(0)) // bytes
    .addColumn('notes', 'text') // of the store about the unfinished blob; null: nothing was stored yet
    .addColumn('metadata', 'text', (c) => c.notNull()) // as the client sent it
    .addColumn('concat', 'text', (c) => c.notNull()) // as the client sent it
    .addColumn('sha256', 'text') // of the whole, as the client says; hexadecimal
    .addColumn('created_at', 'bigint', (c) => c.notNull()) // epoch ms
    .addColumn('expires_at', 'bigint', (c) => c.notNull()) // epoch ms
    .addColumn('writer', 'text') // null: nobody writes to it
    .addColumn('lease_until', 'bigint', (c) => c.notNull().defaultTo(0)) // epoch ms; past: the writer is gone
    .addColumn('is_wanted', 'integer', (c) => c.notNull().defaultTo(0)) // by another writer
    .execute()
  await db.schema.createIndex('resumables_by_expiry').on('resumables').column('expires_at').execute()
  await db.schema.createIndex('resumables_by_file').on('resumables').column('file_id').execute()
  await db.schema.createIndex('resumables_by_upload').on('resumables').column('upload_id').execute()
  await db.schema.createIndex('resumables_by_blob').on('resumables').column('blob_key').unique().execute()
}
