import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('file_requests')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('upload_id', 'text', (c) => c.notNull().references('uploads.id').onDelete('cascade'))
    .addColumn('token_hash', 'text', (c) => c.notNull().unique()) // sha-256, hexadecimal
    .addColumn('title', 'text', (c) => c.notNull())
    .addColumn('comments', 'text', (c) => c.notNull())
    .addColumn('max_files', 'bigint') // null: no limit
    .addColumn('max_bytes', 'bigint') // of all files together; null: no limit
    .addColumn('created_at', 'bigint', (c) => c.notNull()) // epoch ms
    .addColumn('expires_at', 'bigint') // epoch ms; null: with the upload
    .addColumn('revoked_at', 'bigint') // epoch ms; null: not revoked
    .execute()
  await db.schema.createIndex('file_requests_by_upload').on('file_requests').column('upload_id').execute()

  await db.schema
    .alterTable('uploads')
    .addColumn('returned_slots', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute()
  await db.schema.alterTable('files').addColumn('request_id', 'text').execute() // goes with the upload, as the request does
  await db.schema
    .alterTable('files')
    .addColumn('request_bytes', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute()
  await db.schema
    .createIndex('files_by_request')
    .on('files')
    .column('request_id')
    .where(sql.ref('request_id'), 'is not', null)
    .execute()
}
