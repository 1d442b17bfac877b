import BetterSqlite3 from 'better-sqlite3'
import { AppError } from '../errors.ts'

/** Rows as Plik 1.3 and 1.4 keep them in SQLite (GORM's names). Columns of later versions may be missing. */
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

export type PlikSource = ReturnType<typeof openPlikSource>

const TABLES = ['users', 'tokens', 'uploads', 'files']

/** Every query on Plik's own database, which is only read. Throws `bad_request`: it is none. */
export function openPlikSource(file: string) {
  const db = open(file)
  const live = db.prepare<[string, number], PlikUpload>(
    'select * from uploads where deleted_at is null and id > ? order by id limit ?',
  )
  const filesOf = db.prepare<[string], PlikFile>('select * from files where upload_id = ? order by created_at, id')
  return {
    users: () => db.prepare<[], PlikUser>('select * from users').all(),
    tokens: () => db.prepare<[], PlikToken>('select * from tokens').all(),
    /** Those that were not removed, in order of their ids, from the one after `afterId`. */
    uploads: (afterId: string, limit: number) => live.all(afterId, limit),
    files: (uploadId: string) => filesOf.all(uploadId),
    close: () => void db.close(),
  }
}

function open(file: string): BetterSqlite3.Database {
  try {
    const db = new BetterSqlite3(file, { readonly: true, fileMustExist: true })
    const names = db.prepare<[], { name: string }>("select name from sqlite_master where type = 'table'").all()
    const missing = TABLES.filter((table) => !names.some(({ name }) => name === table))
    if (missing.length === 0) return db
    db.close()
    throw new AppError(
      'bad_request',
      `${file} is no database of Plik 1.3 or 1.4: it has no table ${missing.join(', ')}`,
    )
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('bad_request', `${file} can not be read as a SQLite database: ${String(cause)}`, { cause })
  }
}
