import { type Kysely, sql } from 'kysely'
import type { Schema } from './schema.ts'

/** SQLite takes 32766 variables at a time, one for each column of each row. */
const MAX_VARIABLES = 20_000

interface Copy {
  from: Kysely<Schema>
  to: Kysely<Schema>
  /** Whichever of the two is SQLite: it is asked what the tables are like. */
  sqlite: Kysely<Schema>
  signal?: AbortSignal
}

/** What the other database has in a table is deleted. Rows pass as they are stored. */
export async function copyTables({ signal, ...databases }: Copy): Promise<void> {
  const from = databases.from.withoutPlugins()
  const to = databases.to.withoutPlugins()
  const tables = await tablesInOrder(databases.sqlite.withoutPlugins())
  for (const { name } of tables.toReversed()) await sql`delete from ${sql.table(name)}`.execute(to)
  for (const table of tables) {
    for await (const rows of pagesOf(table, from)) {
      await to
        .insertInto(table.name as keyof Schema)
        .values(rows as never)
        .execute()
      signal?.throwIfAborted()
      await new Promise(setImmediate)
    }
  }
}

interface Table {
  name: string
  columns: number
  /** Columns of the primary key. */
  key: string[]
}

/** A table comes after those that it refers to. */
async function tablesInOrder(sqlite: Kysely<Schema>): Promise<Table[]> {
  const ordered: Table[] = []
  let waiting = await Promise.all((await sqlite.introspection.getTables()).map(({ name }) => describe(name, sqlite)))
  while (waiting.length > 0) {
    const isReady = ({ name, refersTo }: { name: string; refersTo: string[] }) =>
      refersTo.every((other) => other === name || ordered.some((table) => table.name === other))
    const ready = waiting.filter(isReady)
    if (ready.length === 0) throw new Error('tables refer to each other in a circle')
    ordered.push(...ready)
    waiting = waiting.filter((table) => !ready.includes(table))
  }
  return ordered
}

async function describe(name: string, sqlite: Kysely<Schema>): Promise<Table & { refersTo: string[] }> {
  const columns = await sql<{ name: string; pk: number }>`select name, pk from pragma_table_info(${name})`.execute(
    sqlite,
  )
  const links = await sql<{ table: string }>`select "table" from pragma_foreign_key_list(${name})`.execute(sqlite)
  const key = columns.rows.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk)
  return {
    name,
    columns: columns.rows.length,
    key: key.map((column) => column.name),
    refersTo: links.rows.map(({ table }) => table),
  }
}

/** In order of the primary key, each page from where the last one ended. */
async function* pagesOf(
  { name, columns, key }: Table,
  from: Kysely<Schema>,
): AsyncGenerator<Record<string, unknown>[]> {
  const refs = sql.join(key.map((column) => sql.ref(column)))
  const limit = Math.floor(MAX_VARIABLES / columns)
  let after = sql``
  for (;;) {
    const query = sql<
      Record<string, unknown>
    >`select * from ${sql.table(name)} ${after} order by ${refs} limit ${limit}`
    const { rows } = await query.execute(from)
    const last = rows.at(-1)
    if (!last) return
    yield rows
    after = sql`where (${refs}) > (${sql.join(key.map((column) => last[column]))})`
  }
}
