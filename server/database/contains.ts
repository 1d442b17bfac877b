import { type RawBuilder, sql } from 'kysely'

/** Whether a column has `text` in it, whatever the case of both. SQLite knows about the case of ASCII letters only. */
export const contains = (column: string, text: string): RawBuilder<boolean> =>
  sql<boolean>`lower(${sql.ref(column)}) like lower(${`%${text.replace(/[\\%_]/g, '\\$&')}%`}) escape '\\'`
