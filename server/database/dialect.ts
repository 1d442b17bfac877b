import type { DatabaseConnection, Dialect, Driver } from 'kysely'
import { AppError } from '../lib/errors.ts'
import { toStored } from './columns.ts'

/** How long a change waits for a lock of another process before it fails with `unavailable`. */
export const LOCK_TIMEOUT_MS = 2_000

interface Decoration {
  begin?: (connection: DatabaseConnection) => Promise<void>
  /** Follows each commit, before anybody else gets the connection. */
  afterCommit?: () => Promise<void>
  afterDestroy?: () => void
  /** Turns a driver's error into an `AppError` where the caller can do something about it. */
  translate(error: unknown): unknown
}

/** Kysely's dialect, with errors and transactions as this server wants them. */
export function decorated(dialect: Dialect, decoration: Decoration): Dialect {
  return {
    // Kysely does not count SQLite in, but it can: without, a migration that is killed midway could never be repeated.
    createAdapter: () => Object.defineProperty(dialect.createAdapter(), 'supportsTransactionalDdl', { value: true }),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => decoratedDriver(dialect.createDriver(), decoration),
  }
}

function decoratedDriver(driver: Driver, { begin, afterCommit, afterDestroy, translate }: Decoration): Driver {
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
        executeQuery: (query) =>
          translated(connection.executeQuery({ ...query, parameters: query.parameters.map(toStored) })),
        streamQuery: (query, chunkSize) => connection.streamQuery(query, chunkSize),
      }
      connections.set(wrapper, connection)
      return wrapper
    },
    async beginTransaction(connection, settings) {
      if (begin) await translated(begin(inner(connection)))
      else await translated(driver.beginTransaction(inner(connection), settings))
    },
    async commitTransaction(connection) {
      await translated(driver.commitTransaction(inner(connection)))
      if (afterCommit) await translated(afterCommit())
    },
    // What failed before says more: a lost connection or a full disk has ended the transaction already.
    rollbackTransaction: (connection) => driver.rollbackTransaction(inner(connection)).catch(() => {}),
    releaseConnection: (connection) => driver.releaseConnection(inner(connection)),
    destroy: () => driver.destroy().finally(afterDestroy),
  }
}

/** What drivers call an error; empty where there is none. */
export const codeOf = (error: unknown): string => String((error as { code?: unknown } | undefined)?.code ?? '')

export const unavailable = (cause: unknown) => new AppError('database_unavailable', {}, { cause, retryAfterSeconds: 2 })
