import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('uploads')
    .addColumn('normalize', 'integer', (c) => c.notNull().defaultTo(1))
    .execute()
  await db.schema.alterTable('files').addColumn('image', 'text').execute() // JSON: the report; null: no picture

  await db.schema
    .createTable('variants')
    .addColumn('file_id', 'text', (c) => c.notNull().references('files.id').onDelete('cascade'))
    .addColumn('spec', 'text', (c) => c.notNull()) // what was asked for, always written alike
    .addColumn('blob_key', 'text', (c) => c.notNull().unique())
    .addColumn('size', 'bigint', (c) => c.notNull()) // bytes
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('sha256', 'text', (c) => c.notNull()) // hexadecimal
    .addColumn('created_at', 'bigint', (c) => c.notNull()) // epoch ms
    .addPrimaryKeyConstraint('variants_pkey', ['file_id', 'spec'])
    .execute()
}
