import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('users')
    .addColumn('id', 'text', (c) => c.primaryKey()) // provider:login
    .addColumn('provider', 'text', (c) => c.notNull()) // local | oidc | google | ovh | github
    .addColumn('login', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('email', 'text', (c) => c.notNull())
    .addColumn('password_hash', 'text') // null: logs in elsewhere
    .addColumn('is_admin', 'integer', (c) => c.notNull())
    .addColumn('max_file_size', 'bigint', (c) => c.notNull()) // bytes; 0: the server's limit, -1: none
    .addColumn('max_user_size', 'bigint', (c) => c.notNull())
    .addColumn('max_ttl_seconds', 'bigint', (c) => c.notNull())
    .addColumn('theme', 'text', (c) => c.notNull())
    .addColumn('language', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull()) // epoch ms
    .execute()
  await db.schema.createIndex('users_by_age').on('users').columns(['created_at', 'id']).execute()

  await db.schema
    .createTable('tokens')
    .addColumn('id', 'text', (c) => c.primaryKey()) // the first 16 digits of the hash: names a token without opening anything
    .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addColumn('hash', 'text', (c) => c.notNull().unique()) // sha-256, hexadecimal
    .addColumn('comment', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('tokens_by_user').on('tokens').columns(['user_id', 'created_at', 'id']).execute()

  await db.schema
    .createTable('sessions')
    .addColumn('id', 'text', (c) => c.primaryKey()) // sha-256 of the cookie, hexadecimal
    .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addColumn('xsrf_hash', 'text', (c) => c.notNull()) // sha-256, hexadecimal
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('sessions_by_user').on('sessions').column('user_id').execute()
  await db.schema.createIndex('sessions_by_expiry').on('sessions').column('expires_at').execute()

  await db.schema
    .createTable('cli_logins')
    .addColumn('code', 'text', (c) => c.primaryKey())
    .addColumn('secret_hash', 'text', (c) => c.notNull()) // sha-256, hexadecimal
    .addColumn('hostname', 'text', (c) => c.notNull())
    .addColumn('user_id', 'text', (c) => c.references('users.id').onDelete('cascade')) // who approved it; null: nobody yet
    .addColumn('comment', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('cli_logins_by_expiry').on('cli_logins').column('expires_at').execute()

  await db.schema.alterTable('uploads').addColumn('user_id', 'text').execute() // null: nobody's; of a deleted user until it is purged
  await db.schema.alterTable('uploads').addColumn('token_id', 'text').execute() // the token that created it, revoked or not
  await db.schema.createIndex('uploads_by_age').on('uploads').columns(['created_at', 'id']).execute()
  await db.schema
    .createIndex('uploads_by_user')
    .on('uploads')
    .columns(['user_id', 'created_at', 'id'])
    .where(sql.ref('user_id'), 'is not', null)
    .execute()
  await db.schema
    .createIndex('uploads_by_token')
    .on('uploads')
    .columns(['token_id', 'created_at', 'id'])
    .where(sql.ref('token_id'), 'is not', null)
    .execute()
}
