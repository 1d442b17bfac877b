import BetterSqlite3 from 'better-sqlite3'
import type { types } from 'pg'
import { AppError } from '../lib/errors.ts'
import { isPostgresUrl } from './plikd-settings.ts'

/** Rows as Plik 1.3 and 1.4 keep them (GORM's names), in the types of SQLite. Columns of later versions may be missing. */
export interface PlikUser {
  id: string
  provider: string
  login: string
  /** Bcrypt; empty: logs in elsewhere. */
  password: string | null
  name: string | null
  email: string | null
  is_admin: number | null
  max_file_size?: number | null
  max_user_size?: number | null
  max_ttl?: number | null
  theme?: string | null
  language?: string | null
  created_at: string
}

export interface PlikToken {
  token: string
  comment: string | null
  user_id: string
  created_at: string
}

export interface PlikUpload extends PlikDownloads {
  id: string
  ttl: number
  extend_ttl?: number | null
  remote_ip: string | null
  comments: string | null
  upload_token: string
  user: string | null
  token: string | null
  stream: number | null
  one_shot: number | null
  removable: number | null
  protected_by_password: number | null
  login: string | null
  /** MD5 of base64 of `login:password`, hexadecimal. */
  password: string | null
  e2ee?: string | null
  created_at: string
  expire_at: string | null
}

export interface PlikFile extends PlikDownloads {
  id: string
  upload_id: string
  name: string
  status: string
  md5: string | null
  type: string | null
  size: number | null
  reference: string | null
  created_at: string
}

interface PlikDownloads {
  download_count?: number | null
  downloaded_bytes?: number | null
  last_downloaded_at?: string | null
}

export type PlikSource = Awaited<ReturnType<typeof openPlikSource>>

const TABLES = ['users', 'tokens', 'uploads', 'files']

/** Plik's own database, which is only read. Places for values are question marks. */
interface Connection {
  query<Row>(text: string, values?: readonly (string | number)[]): Promise<Row[]>
  /** A query for the names of its tables. */
  tables: string
  close(): Promise<void>
}

/** Every query on it. `location`: a file of SQLite's, or a `postgres://` address. Throws `bad_request`: it is no database of Plik's. */
export async function openPlikSource(location: string) {
  const isPostgres = isPostgresUrl(location)
  const place = isPostgres ? new URL(location).host : location
  const { query, tables, close } = await connect(location, isPostgres).catch((cause: unknown) => {
    throw new AppError('plik_database_unreadable', { place, reason: String(cause) }, { cause })
  })
  const names = await query<{ name: string }>(tables)
  const missing = TABLES.filter((table) => !names.some(({ name }) => name === table))
  if (missing.length > 0) {
    await close()
    throw new AppError('plik_tables_missing', { place, tables: missing.join(', ') })
  }
  return {
    users: () => query<PlikUser>('select * from users'),
    tokens: () => query<PlikToken>('select * from tokens'),
    /** Those that were not removed, in order of their ids, from the one after `afterId`. */
    uploads: (afterId: string, limit: number) =>
      query<PlikUpload>('select * from uploads where deleted_at is null and id > ? order by id limit ?', [
        afterId,
        limit,
      ]),
    files: (uploadId: string) =>
      query<PlikFile>('select * from files where upload_id = ? order by created_at, id', [uploadId]),
    close,
  }
}

const connect = (location: string, isPostgres: boolean): Promise<Connection> =>
  isPostgres ? connectToPostgres(location) : openSqlite(location)

async function openSqlite(file: string): Promise<Connection> {
  const db = new BetterSqlite3(file, { readonly: true, fileMustExist: true })
  const tables = "select name from sqlite_master where type = 'table'"
  db.prepare(tables) // reads the head of the file
  return {
    tables,
    query: async <Row>(text: string, values: readonly (string | number)[] = []) =>
      db.prepare<unknown[], Row>(text).all(...values),
    close: async () => void db.close(),
  }
}

async function connectToPostgres(url: string): Promise<Connection> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({
    connectionString: url,
    types: { getTypeParser: asInSqlite(pg.types) },
    connectionTimeoutMillis: 10_000,
    options: '-c timezone=UTC -c default_transaction_read_only=on',
  })
  await client.connect()
  return {
    tables:
      'select table_name as name from information_schema.tables where table_schema = any (current_schemas(false))',
    async query<Row>(text: string, values: readonly (string | number)[] = []) {
      let place = 0
      const numbered = text.replace(/\?/g, () => `$${++place}`)
      return (await client.query(numbered, [...values])).rows as Row[]
    },
    close: () => client.end(),
  }
}

/** Values as SQLite has them: numbers, 0 and 1 for booleans, and the text of times. */
const asInSqlite =
  ({ builtins, getTypeParser }: typeof types) =>
  (...[oid, format]: Parameters<typeof getTypeParser>) => {
    if (oid === builtins.BOOL) return (text: string) => Number(text === 't')
    if (oid === builtins.INT8) return Number
    return oid === builtins.TIMESTAMPTZ ? String : getTypeParser(oid, format)
  }
