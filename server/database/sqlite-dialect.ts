import fs from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import BetterSqlite3 from 'better-sqlite3'
import {
  type Compilable,
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  SqliteDialect,
  type SqliteStatement,
} from 'kysely'
import { FILE_MODE } from '../../storage/file-modes.ts'
import { makeFolders } from '../../storage/make-folders.ts'
import { AppError } from '../lib/errors.ts'
import { columnOf } from './columns.ts'
import { codeOf, decorated, LOCK_TIMEOUT_MS, unavailable } from './dialect.ts'
import type { Prepare } from './prepared.ts'

/** SQLite waits in place, with the event loop, so it gets only this long at a time. */
const LOCK_STEP_MS = 10

/** In WAL mode; `syncEachCommit` is what a power cut may not take. */
export function sqliteDialect({ file, syncEachCommit }: { file: string; syncEachCommit: boolean }): Dialect {
  makePrivate(file)
  const sqlite = openSqlite(file)
  const log = logOf(file)
  return decorated(new SqliteDialect({ database: withStatementCache(sqlite) }), {
    begin: beginImmediate,
    translate: translateSqliteError,
    ...(syncEachCommit && { afterCommit: log.sync, afterDestroy: log.close }),
  })
}

/**
 * SQLite's log beside a database. `synchronous = FULL` does the same at each commit, but on the event loop, which then waits
 * for the disk. The log lasts for as long as any connection to the database; SQLite keeps its locks on other files.
 */
function logOf(file: string) {
  let fd: number | undefined
  async function sync(): Promise<void> {
    fd ??= fs.openSync(`${file}-wal`, 'r')
    const opened = fd
    await new Promise<void>((resolve, reject) => fs.fdatasync(opened, (error) => (error ? reject(error) : resolve())))
  }
  return { sync, close: () => fd !== undefined && fs.closeSync(fd) }
}

/**
 * Prepared look-ups on a connection of their own: they run past Kysely's driver, which takes three times as long as
 * SQLite itself, and wait for no transaction. The connection is opened by the first of them, after the migrations.
 */
export function sqliteLookups(file: string): { prepare: Prepare; close(): void } {
  let reader: BetterSqlite3.Database | undefined
  const open = (): BetterSqlite3.Database => {
    const opened = new BetterSqlite3(file, { fileMustExist: true, timeout: LOCK_STEP_MS })
    opened.pragma('query_only = ON')
    return opened
  }

  function prepare<Row>(example: Compilable<Row>): (parameter: string) => Promise<Row[]> {
    const { sql } = example.compile()
    let find: ((parameter: string) => Row[]) | undefined
    return async (parameter) => {
      try {
        reader ??= open()
        find ??= lookup<Row>(reader, sql)
        return find(parameter)
      } catch (error) {
        throw translateSqliteError(error)
      }
    }
  }

  return { prepare, close: () => void reader?.close() }
}

/** The names of columns become those of rows in SQL, once, and not in each row. */
function lookup<Row>(sqlite: BetterSqlite3.Database, sql: string): (parameter: string) => Row[] {
  const columns = sqlite
    .prepare(sql)
    .columns()
    .map((column) => columnOf(column.name))
  const aliases = columns.map(({ stored, name }) => `"${stored}" as "${name}"`)
  const statement = sqlite.prepare<[string], Record<string, unknown>>(`select ${aliases.join(', ')} from (${sql})`)
  const converted = columns.filter(({ read }) => read)
  return (parameter) => {
    const rows = statement.all(parameter)
    for (const row of rows) for (const { name, read } of converted) row[name] = read?.(row[name])
    return rows as Row[]
  }
}

/**
 * SQLite gives the files beside a database the mode of the database. A file that is there already is not opened for this:
 * closing it would end the locks that SQLite has on it in this process.
 */
function makePrivate(file: string): void {
  makeFolders(dirname(file))
  try {
    fs.writeFileSync(file, '', { flag: 'wx', mode: FILE_MODE })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw translateSqliteError(error)
  }
  for (const end of ['', '-wal', '-shm']) makeFilePrivate(`${file}${end}`)
}

/** Files of older versions could be read by others. One that belongs to another user stays as its owner wants it. */
function makeFilePrivate(path: string): void {
  try {
    fs.chmodSync(path, FILE_MODE)
  } catch (error) {
    if (!['ENOENT', 'EPERM', 'EROFS'].includes(codeOf(error))) throw error
  }
}

/** Throws when the file is no database, and leaves it as it is. */
function openSqlite(file: string): BetterSqlite3.Database {
  const sqlite = new BetterSqlite3(file, { timeout: LOCK_TIMEOUT_MS })
  try {
    if (sqlite.pragma('page_count', { simple: true }) === 0) sqlite.pragma('auto_vacuum = INCREMENTAL') // see `vacuum.ts`
    sqlite.pragma('journal_mode = WAL')
    sqlite.pragma('synchronous = NORMAL') // syncs the log before it goes into the database, not at each commit
    sqlite.pragma('foreign_keys = ON')
    sqlite.pragma('cache_size = -32000') // KiB
    sqlite.pragma(`busy_timeout = ${LOCK_STEP_MS}`)
    return sqlite
  } catch (error) {
    sqlite.close()
    throw translateSqliteError(error)
  }
}

/** Kysely's deferred `begin` fails at once with SQLITE_BUSY_SNAPSHOT when another process writes between our read and our write. */
async function beginImmediate(connection: DatabaseConnection): Promise<void> {
  const deadline = performance.now() + LOCK_TIMEOUT_MS
  for (;;) {
    try {
      await connection.executeQuery(CompiledQuery.raw('begin immediate'))
      return
    } catch (error) {
      if (!isLocked(error) || performance.now() >= deadline) throw error
      await setTimeout(LOCK_STEP_MS)
    }
  }
}

/** Preparing costs more than running here: 23.5 µs a query without the cache, 8.4 µs with it. */
function withStatementCache(sqlite: BetterSqlite3.Database) {
  const statements = new Map<string, BetterSqlite3.Statement>()
  return {
    close: () => void sqlite.close(),
    prepare(text: string): SqliteStatement {
      const cached = statements.get(text)
      if (cached && !cached.busy) return cached as unknown as SqliteStatement
      const statement = sqlite.prepare(text)
      statements.set(text, statement)
      if (statements.size > MAX_CACHED_STATEMENTS) statements.delete(statements.keys().next().value as string)
      return statement as unknown as SqliteStatement
    },
  }
}

const MAX_CACHED_STATEMENTS = 500

function translateSqliteError(error: unknown): unknown {
  const code = codeOf(error)
  if (isLocked(error)) return unavailable(error)
  if (code === 'ENOSPC' || code.startsWith('SQLITE_FULL')) return new AppError('no_space', {}, { cause: error })
  if (
    code === 'EIO' ||
    code.startsWith('SQLITE_IOERR') ||
    code.startsWith('SQLITE_READONLY') ||
    code.startsWith('SQLITE_CANTOPEN')
  )
    return unavailable(error)
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB')
    return new Error('the database is damaged; nothing was changed in it, please restore a backup', { cause: error })
  return error
}

const isLocked = (error: unknown): boolean => /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error))
