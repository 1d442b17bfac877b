import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('uploads')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('status', 'text', (c) => c.notNull()) // pending | active | expired | removed
    .addColumn('token_hash', 'text', (c) => c.notNull()) // sha-256, hexadecimal
    .addColumn('created_at', 'bigint', (c) => c.notNull()) // epoch ms
    .addColumn('expires_at', 'bigint') // epoch ms; null: never
    .addColumn('ttl_seconds', 'bigint', (c) => c.notNull())
    .addColumn('extend_ttl', 'integer', (c) => c.notNull())
    .addColumn('one_shot', 'integer', (c) => c.notNull())
    .addColumn('removable', 'integer', (c) => c.notNull())
    .addColumn('stream', 'integer', (c) => c.notNull())
    .addColumn('download_limit', 'bigint') // null: no limit
    .addColumn('comments', 'text', (c) => c.notNull())
    .addColumn('login', 'text')
    .addColumn('password_hash', 'text') // argon2id, PHC string
    .addColumn('source_address', 'text', (c) => c.notNull())
    .addColumn('file_count', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute()
  await db.schema
    .createIndex('uploads_by_expiry')
    .on('uploads')
    .columns(['expires_at', 'id'])
    .where(sql.ref('status'), '=', sql.lit('active'))
    .execute()
  await db.schema
    .createIndex('uploads_not_active')
    .on('uploads')
    .columns(['status', 'expires_at'])
    .where(sql.ref('status'), '<>', sql.lit('active'))
    .execute()

  await db.schema
    .createTable('files')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('upload_id', 'text', (c) => c.notNull().references('uploads.id').onDelete('cascade'))
    .addColumn('position', 'bigint', (c) => c.notNull()) // from 1
    .addColumn('status', 'text', (c) => c.notNull()) // missing | uploading | uploaded | removed | deleted
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('reference', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('size', 'bigint', (c) => c.notNull()) // bytes
    .addColumn('md5', 'text', (c) => c.notNull().defaultTo(''))
    .addColumn('sha256', 'text', (c) => c.notNull().defaultTo(''))
    .addColumn('crc32', 'bigint', (c) => c.notNull().defaultTo(0))
    .addColumn('blob_key', 'text')
    .addColumn('uploaded_at', 'bigint')
    .addColumn('lease_until', 'bigint')
    .addColumn('claims_taken', 'bigint', (c) => c.notNull().defaultTo(0))
    .addColumn('claims_spent', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute()
  await db.schema.createIndex('files_by_upload').on('files').columns(['upload_id', 'position']).unique().execute()
  await db.schema
    .createIndex('files_by_blob')
    .on('files')
    .column('blob_key')
    .unique()
    .where(sql.ref('blob_key'), 'is not', null)
    .execute()
  await db.schema
    .createIndex('files_in_motion')
    .on('files')
    .columns(['status', 'lease_until'])
    .where(sql.ref('status'), 'in', [sql.lit('uploading'), sql.lit('removed')])
    .execute()

  await db.schema
    .createTable('claims')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('file_id', 'text', (c) => c.notNull().references('files.id').onDelete('cascade'))
    .addColumn('holder', 'text', (c) => c.notNull()) // sha-256, hexadecimal
    .addColumn('scope', 'text', (c) => c.notNull()) // file | the ETag of an archive
    .addColumn('delivered', 'text', (c) => c.notNull().defaultTo('[]')) // JSON: [[first, last], …]
    .addColumn('handed_out', 'bigint', (c) => c.notNull().defaultTo(0)) // bytes, repeated ones included
    .addColumn('busy_until', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('spent', 'integer', (c) => c.notNull().defaultTo(0))
    .execute()
  await db.schema.createIndex('claims_by_file').on('claims').column('file_id').execute()
  await db.schema.createIndex('claims_by_expiry').on('claims').columns(['spent', 'expires_at']).execute()
  await db.schema
    .createIndex('claims_on_their_way')
    .on('claims')
    .column('busy_until')
    .where(sql.ref('spent'), '=', sql.lit(1))
    .execute()
}
