/** SQLite binds at most 32766 variables in one statement, PostgreSQL 65535; the widest row has some twenty. */
export const ROWS_PER_QUERY = 500

/** Lists of any length in pieces that fit into one statement. */
export function* chunks<T>(values: readonly T[], size = ROWS_PER_QUERY): Generator<T[]> {
  for (let start = 0; start < values.length; start += size) yield values.slice(start, start + size)
}
