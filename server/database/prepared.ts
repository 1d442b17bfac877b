import type { Compilable, CompiledQuery, Kysely } from 'kysely'
import type { Schema } from './schema.ts'

/**
 * A query with one parameter, compiled once: Kysely takes longer to build a point look-up than SQLite to answer it, and every
 * download makes two. `example` holds some value in the parameter's place.
 */
export function prepared<Row>(db: Kysely<Schema>, example: Compilable<Row>): (parameter: string) => Promise<Row[]> {
  const query = example.compile()
  return async (parameter) => {
    const { rows } = await db.executeQuery({ ...query, parameters: [parameter] } as CompiledQuery<Row>)
    return rows
  }
}
