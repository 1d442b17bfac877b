import type { Compilable, CompiledQuery, Insertable, Kysely } from 'kysely'
import type { Schema } from './schema.ts'
import type { Trx } from './transact.ts'

/**
 * A query with one parameter that is compiled once: Kysely takes longer to build a point look-up than SQLite to answer it, and
 * every download makes two. `example` holds some value in the parameter's place. Sees what is committed, never the changes of a
 * transaction that is still open. SQLite plans a join anew for each value that is compared with a column of it: a subquery that
 * compares the value makes such a look-up five times as fast.
 */
export type Prepare = <Row>(example: Compilable<Row>) => (parameter: string) => Promise<Row[]>

/** For a database with a pool of connections, which keeps no statement of its own. */
export const prepareWith =
  (db: Kysely<Schema>): Prepare =>
  <Row>(example: Compilable<Row>) => {
    const query = example.compile()
    return async (parameter) => {
      const { rows } = await db.executeQuery({ ...query, parameters: [parameter] } as CompiledQuery<Row>)
      return rows
    }
  }

/** Inserts a row by a query that is compiled once, for the first row: all rows must have the same columns, each with a value. */
export function prepareInsert<Table extends keyof Schema>(db: Kysely<Schema>, table: Table) {
  let columns: string[] | undefined
  let query: CompiledQuery | undefined
  return async (trx: Trx, row: Insertable<Schema[Table]>): Promise<void> => {
    columns ??= Object.keys(row)
    query ??= db.insertInto(table).values(row).compile()
    const values = row as Record<string, unknown>
    await trx.executeQuery({ ...query, parameters: columns.map((column) => values[column]) })
  }
}
