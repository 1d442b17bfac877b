import { type Dialect, PostgresDialect } from 'kysely'
import type { Pool, types } from 'pg'
import { codeOf, decorated, LOCK_TIMEOUT_MS, unavailable } from './dialect.ts'

/** PostgreSQL: a request must not wait for a server that has stopped answering. Our batches take milliseconds. */
const QUERY_TIMEOUT_MS = 10_000

/** `pg` is loaded with the first query: it takes 12 MB, which a server on SQLite does not need. */
export function postgresDialect(url: string): Dialect {
  return decorated(new PostgresDialect({ pool: () => openPool(url) }), { translate: translatePostgresError })
}

async function openPool(url: string): Promise<Pool> {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({
    connectionString: url,
    types: { getTypeParser: parserOf(pg.types) },
    max: 16,
    connectionTimeoutMillis: 5_000,
    lock_timeout: LOCK_TIMEOUT_MS,
    statement_timeout: QUERY_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS + 1_000, // for a server that does not even say so
    keepAlive: true,
  })
  pool.on('error', () => {}) // an idle connection was cut; the pool opens another when one is needed
  return pool
}

/** int8 comes back as text unless told otherwise; our times, sizes and counts all stay below 2^53. */
const parserOf =
  ({ builtins, getTypeParser }: typeof types) =>
  (...[oid, format]: Parameters<typeof getTypeParser>) =>
    oid === builtins.INT8 ? Number : getTypeParser(oid, format)

/** Connection failures (class 08, node's own codes), shutdown (57), resources (53), lock time-outs (55P03) and lost races (40). */
function translatePostgresError(error: unknown): unknown {
  const code = codeOf(error)
  if (/^(08|57|53|55P03|40)/.test(code) || /^E[A-Z]+$/.test(code)) return unavailable(error)
  if (error instanceof Error && /connection|terminated|timeout/i.test(error.message)) return unavailable(error)
  return error
}
