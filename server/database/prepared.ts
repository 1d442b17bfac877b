import type { Compilable, CompiledQuery, Kysely } from 'kysely'
import type { Schema } from './schema.ts'

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
