import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import bcrypt from 'bcryptjs'
import BetterSqlite3 from 'better-sqlite3'
import pg from 'pg'
import { temporaryFolder } from './database.ts'

/** A Plik as it lies on a disk: its SQLite database with GORM's tables, and its folder of files. */

const TABLES_1_3 = `
  create table uploads (id text primary key, ttl integer, remote_ip text, comments text, upload_token text, user text, token text,
    stream numeric, one_shot numeric, removable numeric, protected_by_password numeric, login text, password text,
    created_at datetime, deleted_at datetime, expire_at datetime, extend_ttl numeric);
  create table files (id text primary key, upload_id text, name text, status text, md5 text, type text, size integer,
    reference text, backend_details text, created_at datetime);
  create table users (id text primary key, provider text, login text, password text, name text, email text, is_admin numeric,
    created_at datetime, max_file_size integer, max_ttl integer, max_user_size integer);
  create table tokens (token text primary key, comment text, user_id text, created_at datetime);
  create table settings (key text primary key, value text);`
const COLUMNS_1_4 = `
  alter table uploads add column e2ee text;
  alter table uploads add column download_count integer default 0;
  alter table uploads add column downloaded_bytes integer default 0;
  alter table uploads add column last_downloaded_at datetime;
  alter table files add column download_count integer default 0;
  alter table files add column last_downloaded_at datetime;
  alter table users add column theme text;`

type Row = Record<string, string | number | null>

export interface GivenPlik {
  database: string
  files: string
  /** Writes a row, with what a Plik of that version writes unless told otherwise. */
  user: (row: Row & { login: string }, password?: string) => void
  token: (row: Row & { token: string; user_id: string }) => void
  upload: (row: Row & { id: string }) => void
  /** With bytes in the folder when there is `content`. */
  file: (row: Row & { id: string; upload_id: string }, content?: string | Buffer) => void
  /** Anything else. */
  run: (statement: string) => void
}

/** As Go's driver writes a time. */
export const goTime = (epochMs: number): string =>
  `${new Date(epochMs).toISOString().replace('T', ' ').replace('Z', '')}456789+00:00`

export function givenPlik({ version = '1.3' as '1.3' | '1.4', folder = temporaryFolder() } = {}): GivenPlik {
  const database = join(folder, 'plik.db')
  const files = join(folder, 'files')
  mkdirSync(files)
  const db = new BetterSqlite3(database)
  db.exec(TABLES_1_3 + (version === '1.4' ? COLUMNS_1_4 : ''))
  const now = goTime(Date.now())

  function insert(table: string, row: Row): void {
    const columns = Object.keys(row)
    const places = columns.map(() => '?').join(', ')
    db.prepare(`insert into ${table} (${columns.join(', ')}) values (${places})`).run(Object.values(row))
  }

  return {
    database,
    files,
    user: (row, password) =>
      insert('users', {
        id: `local:${row.login}`,
        provider: 'local',
        password: password === undefined ? null : bcrypt.hashSync(password, 4),
        name: '',
        email: '',
        is_admin: 0,
        created_at: now,
        ...row,
      }),
    token: (row) => insert('tokens', { comment: '', created_at: now, ...row }),
    upload: (row) =>
      insert('uploads', {
        ttl: 2_592_000,
        remote_ip: '192.0.2.7',
        comments: '',
        upload_token: 'u'.repeat(32),
        user: '',
        token: '',
        stream: 0,
        one_shot: 0,
        removable: 0,
        protected_by_password: 0,
        login: '',
        password: '',
        extend_ttl: 0,
        created_at: now,
        expire_at: goTime(Date.now() + 86_400_000),
        ...row,
      }),
    file: (row, content) => {
      insert('files', {
        name: 'a.txt',
        status: content === undefined ? 'missing' : 'uploaded',
        md5: content === undefined ? '' : createHash('md5').update(content).digest('hex'),
        type: content === undefined ? '' : 'text/plain; charset=utf-8',
        size: content?.length ?? 0,
        reference: '0',
        created_at: now,
        ...row,
      })
      if (content === undefined) return
      mkdirSync(join(files, row.id.slice(0, 2)), { recursive: true })
      writeFileSync(join(files, row.id.slice(0, 2), row.id), content)
    },
    run: (statement) => void db.exec(statement),
  }
}

/** GORM's types in PostgreSQL, by column; everything else is text. */
const POSTGRES_TYPES: [RegExp, string][] = [
  [/_at$/, 'timestamptz'],
  [/^(ttl|size|max_\w+|download_count|downloaded_bytes)$/, 'bigint'],
  [/^(stream|one_shot|removable|protected_by_password|extend_ttl|is_admin)$/, 'boolean'],
]

/** The same database in PostgreSQL, which `url` names. */
export async function copyToPostgres({ database }: Pick<GivenPlik, 'database'>, url: string): Promise<void> {
  const db = new BetterSqlite3(database, { readonly: true })
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const table of ['uploads', 'files', 'users', 'tokens', 'settings']) {
      const columns = db.pragma(`table_info(${table})`) as { name: string }[]
      const typed = columns.map(({ name }) => ({
        name,
        type: POSTGRES_TYPES.find(([is]) => is.test(name))?.[1] ?? 'text',
      }))
      await client.query(`create table ${table} (${typed.map(({ name, type }) => `"${name}" ${type}`).join(', ')})`)
      const places = typed.map(({ type }, index) => `$${index + 1}::text::${type}`).join(', ')
      for (const row of db.prepare<[], Row>(`select * from ${table}`).all())
        await client.query(`insert into ${table} values (${places})`, Object.values(row))
    }
  } finally {
    db.close()
    await client.end()
  }
}

/** What Plik keeps of an upload's password. */
export const plikPassword = (login: string, password: string): string =>
  createHash('md5')
    .update(Buffer.from(`${login}:${password}`).toString('base64'))
    .digest('hex')
