import { type Dialect, PostgresDialect } from 'kysely'
import type { Pool, types } from 'pg'
import { AppError } from '../lib/errors.ts'
import { codeOf, decorated, LOCK_TIMEOUT_MS, unavailable } from './dialect.ts'

/** PostgreSQL: a request must not wait for a server that has stopped answering. Our batches take milliseconds. */
const QUERY_TIMEOUT_MS = 10_000

const TIME_LIMITS = {
  lock_timeout: LOCK_TIMEOUT_MS,
  statement_timeout: QUERY_TIMEOUT_MS,
  query_timeout: QUERY_TIMEOUT_MS + 1_000, // for a server that does not even say so
}

/** `pg` is loaded with the first query: it takes 12 MB, which a server on SQLite does not need. */
export function postgresDialect(url: string, { hasTimeLimits }: { hasTimeLimits: boolean }): Dialect {
  const pool = () => openPool(url, hasTimeLimits ? TIME_LIMITS : {})
  return decorated(new PostgresDialect({ pool }), { translate: translatePostgresError })
}

async function openPool(url: string, timeLimits: Partial<typeof TIME_LIMITS>): Promise<Pool> {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({
    connectionString: url,
    types: { getTypeParser: parserOf(pg.types) },
    max: 16,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    ...timeLimits,
  })
  pool.on('error', () => {}) // an idle connection was cut; the pool opens another when one is needed
  // The pool does not listen while a connection is in use. Without a listener, one that is cut between two queries of a
  // transaction would end the process; the next query on it fails, which is what its transaction has to know.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** int8 comes back as text unless told otherwise; our times, sizes and counts all stay below 2^53. */
const parserOf =
  ({ builtins, getTypeParser }: typeof types) =>
  (...[oid, format]: Parameters<typeof getTypeParser>) =>
    oid === builtins.INT8 ? Number : getTypeParser(oid, format)

/**
 * SQLSTATE classes and codes that say "not now": connection failures (08), resources such as too many connections (53),
 * shutdown, crash, start and cancelled statements (57), rolled back by a lost race or a deadlock (40), lock time-outs
 * (55P03), a standby that is not promoted yet (25006), I/O errors of the server (58030).
 */
const TRANSIENT = /^(08|53|57|40|55P03|25006|58030)/
const DISK_FULL = '53100'
/** Node's own codes, such as ECONNREFUSED, ECONNRESET and EAI_AGAIN; SQLSTATEs have five characters, digits among them. */
const FROM_NETWORK = /^E[A-Z_]+$/

/** The driver's own errors about connections have no code. */
function translatePostgresError(error: unknown): unknown {
  const code = codeOf(error)
  if (code === DISK_FULL) return new AppError('no_space', {}, { cause: error })
  if (TRANSIENT.test(code) || FROM_NETWORK.test(code)) return unavailable(error)
  if (code === '' && error instanceof Error && /connection|terminated|timeout/i.test(error.message))
    return unavailable(error)
  return error
}
