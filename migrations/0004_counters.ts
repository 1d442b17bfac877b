import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('uploads').addColumn('e2ee', 'text').execute() // age; null: not encrypted by the sender
  await db.schema.alterTable('files').addColumn('held_by', 'text').execute() // address of the replica that holds a stream's sender

  await db.schema
    .createTable('activity')
    .addColumn('scope', 'text', (c) => c.notNull()) // server | anonymous | user | token | upload | file
    .addColumn('id', 'text', (c) => c.notNull()) // empty for server and anonymous
    .addColumn('day', 'integer', (c) => c.notNull()) // days since the epoch, UTC; 0: all time
    .addColumn('downloads', 'bigint', (c) => c.notNull())
    .addColumn('downloaded_bytes', 'bigint', (c) => c.notNull())
    .addColumn('uploads', 'bigint', (c) => c.notNull())
    .addColumn('uploaded_bytes', 'bigint', (c) => c.notNull())
    .addColumn('last_download_at', 'bigint', (c) => c.notNull()) // epoch ms; 0: never
    .addColumn('last_upload_at', 'bigint', (c) => c.notNull()) // epoch ms; 0: never
    .addPrimaryKeyConstraint('activity_pkey', ['scope', 'id', 'day'])
    .execute()
  await db.schema.createIndex('activity_by_day').on('activity').columns(['scope', 'day']).execute()

  await db.schema
    .createTable('lifetime_usage')
    .addColumn('scope', 'text', (c) => c.notNull()) // server | anonymous | user | token
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('counter', 'text', (c) => c.notNull()) // as in the JSON: uploads, totalSize, oneShotUploads, …
    .addColumn('value', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('lifetime_usage_pkey', ['scope', 'id', 'counter'])
    .execute()
}
