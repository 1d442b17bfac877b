import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import BetterSqlite3 from 'better-sqlite3'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  PostgresDialect,
  SqliteDialect,
  type SqliteStatement,
} from 'kysely'
import pg from 'pg'
import { AppError } from '../errors.ts'
import type { Schema } from './schema.ts'
import { createTransact, type Transact } from './transact.ts'

export interface Database {
  db: Kysely<Schema>
  /** How every change is made; see `transact.ts`. */
  transact: Transact
  location: DatabaseLocation
  close(): Promise<void>
}

export type DatabaseLocation =
  | { kind: 'sqlite'; file: string; syncEachCommit: boolean }
  | { kind: 'postgres'; url: string }

/** How long a change waits for a lock of another process before it fails with `unavailable`. */
const LOCK_TIMEOUT_MS = 2_000
/** SQLite waits in place, with the event loop, so it gets only this long at a time. */
const LOCK_STEP_MS = 10

export function openDatabase(location: DatabaseLocation): Database {
  const dialect = location.kind === 'sqlite' ? sqliteDialect(location) : postgresDialect(location.url)
  const db = new Kysely<Schema>({ dialect })
  return {
    db,
    transact: createTransact(db, { group: location.kind === 'sqlite' }),
    location,
    close: () => db.destroy(),
  }
}

function sqliteDialect({ file, syncEachCommit }: { file: string; syncEachCommit: boolean }): Dialect {
  mkdirSync(dirname(file), { recursive: true })
  const sqlite = openSqlite(file, syncEachCommit)
  return decorated(new SqliteDialect({ database: withStatementCache(sqlite) }), {
    begin: beginImmediate,
    translate: translateSqliteError,
  })
}

/** Throws when the file is no database, and leaves it as it is. */
function openSqlite(file: string, syncEachCommit: boolean): BetterSqlite3.Database {
  const sqlite = new BetterSqlite3(file, { timeout: LOCK_TIMEOUT_MS })
  try {
    sqlite.pragma('journal_mode = WAL')
    sqlite.pragma(`synchronous = ${syncEachCommit ? 'FULL' : 'NORMAL'}`) // in WAL mode only FULL syncs the log at each commit
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

/** PostgreSQL: a request must not wait for a server that has stopped answering. Our batches take milliseconds. */
const QUERY_TIMEOUT_MS = 10_000

function postgresDialect(url: string): Dialect {
  const types = { getTypeParser: parserOf }
  const pool = new pg.Pool({
    connectionString: url,
    types,
    max: 16,
    connectionTimeoutMillis: 5_000,
    lock_timeout: LOCK_TIMEOUT_MS,
    statement_timeout: QUERY_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS + 1_000, // for a server that does not even say so
    keepAlive: true,
  })
  pool.on('error', () => {}) // an idle connection was cut; the pool opens another when one is needed
  return decorated(new PostgresDialect({ pool }), { translate: translatePostgresError })
}

/** int8 comes back as text unless told otherwise; our times, sizes and counts all stay below 2^53. */
function parserOf(...[oid, format]: Parameters<typeof pg.types.getTypeParser>) {
  return oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)
}

interface Decoration {
  begin?: (connection: DatabaseConnection) => Promise<void>
  /** Turns a driver's error into an `AppError` where the caller can do something about it. */
  translate(error: unknown): unknown
}

function decorated(dialect: Dialect, decoration: Decoration): Dialect {
  return {
    // Kysely does not count SQLite in, but it can: without, a migration that is killed midway could never be repeated.
    createAdapter: () => Object.defineProperty(dialect.createAdapter(), 'supportsTransactionalDdl', { value: true }),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => decoratedDriver(dialect.createDriver(), decoration),
  }
}

function decoratedDriver(driver: Driver, { begin, translate }: Decoration): Driver {
  const connections = new WeakMap<DatabaseConnection, DatabaseConnection>()
  const inner = (connection: DatabaseConnection) => connections.get(connection) ?? connection
  const translated = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw translate(error)
    }
  }
  return {
    init: (options) => driver.init(options),
    async acquireConnection(options) {
      const connection = await translated(driver.acquireConnection(options))
      const wrapper: DatabaseConnection = {
        executeQuery: (query) => translated(connection.executeQuery(query)),
        streamQuery: (query, chunkSize) => connection.streamQuery(query, chunkSize),
      }
      connections.set(wrapper, connection)
      return wrapper
    },
    async beginTransaction(connection, settings) {
      if (begin) await translated(begin(inner(connection)))
      else await translated(driver.beginTransaction(inner(connection), settings))
    },
    commitTransaction: (connection) => translated(driver.commitTransaction(inner(connection))),
    // What failed before says more: a lost connection or a full disk has ended the transaction already.
    rollbackTransaction: (connection) => driver.rollbackTransaction(inner(connection)).catch(() => {}),
    releaseConnection: (connection) => driver.releaseConnection(inner(connection)),
    destroy: () => driver.destroy(),
  }
}

function translateSqliteError(error: unknown): unknown {
  const code = codeOf(error)
  if (isLocked(error)) return unavailable(error)
  if (code.startsWith('SQLITE_FULL'))
    return new AppError('insufficient_storage', 'no space left on the server', { cause: error })
  if (code.startsWith('SQLITE_IOERR') || code === 'SQLITE_READONLY' || code === 'SQLITE_CANTOPEN')
    return unavailable(error)
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB')
    return new Error('the database is damaged; nothing was changed in it, please restore a backup', { cause: error })
  return error
}

const isLocked = (error: unknown): boolean => /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error))

/** Connection failures (class 08, node's own codes), shutdown (57), resources (53), lock time-outs (55P03) and lost races (40). */
function translatePostgresError(error: unknown): unknown {
  const code = codeOf(error)
  if (/^(08|57|53|55P03|40)/.test(code) || /^E[A-Z]+$/.test(code)) return unavailable(error)
  if (error instanceof Error && /connection|terminated|timeout/i.test(error.message)) return unavailable(error)
  return error
}

const codeOf = (error: unknown): string => String((error as { code?: unknown } | undefined)?.code ?? '')

const unavailable = (cause: unknown) =>
  new AppError('unavailable', 'the database does not answer, please try again', { cause, retryAfterSeconds: 2 })
