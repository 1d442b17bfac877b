import { CamelCasePlugin, type KyselyPlugin } from 'kysely'
import type { Row, Schema } from './schema.ts'

/**
 * Columns have names in snake_case and contain only text and integers, on both databases: flags are 0 or 1, objects are
 * JSON. Queries and rows use camelCase, booleans and objects. Migrations and copies of whole tables use stored values.
 */

/** Names of the columns of `Type`, in any table. */
type ColumnOf<Type> = {
  [Table in keyof Schema]: {
    [Column in keyof Row<Table>]: Row<Table>[Column] extends Type ? Column : never
  }[keyof Row<Table>]
}[keyof Schema]

type Read = (value: unknown) => unknown

const flag: Read = (value) => (typeof value === 'number' ? value === 1 : value)
const json: Read = (value) => (typeof value === 'string' ? JSON.parse(value) : value)
const numberOrWord: Read = (value) => (/^\d+$/.test(String(value)) ? Number(value) : value)

/** How columns are converted, in any table; all others are used as stored. */
const READERS: Record<ColumnOf<boolean> | ColumnOf<object | null>, Read> & Record<string, Read> = {
  ...{ extendTtl: flag, oneShot: flag, removable: flag, stream: flag, normalize: flag, isAdmin: flag, spent: flag },
  ...{ ownsUpload: flag, isWanted: flag, isTorn: flag, isEnabled: flag, rerunLost: flag, stopRequested: flag },
  ...{ hasPassword: flag, hasComments: flag }, // expressions in `statistics-repo.ts`
  ...{ image: json, delivered: json, handovers: json, parameters: json },
  ...{ onSuccess: numberOrWord, onFailure: numberOrWord },
}

interface Column {
  stored: string
  name: string
  read: Read | undefined
}

const known = new Map<string, Column>()

/** Of a column as the database names it. */
export function columnOf(stored: string): Column {
  const column = known.get(stored) ?? newColumn(stored)
  known.set(stored, column)
  return column
}

function newColumn(stored: string): Column {
  const name = stored.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
  return { stored, name, read: READERS[name] }
}

/** The bound value of a parameter. */
export function toStored(value: unknown): unknown {
  if (typeof value === 'boolean') return Number(value)
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}

const names = new CamelCasePlugin()

/** Names in queries are left to Kysely; rows are read in one pass, in which names and values are converted. */
export const columns: KyselyPlugin = {
  transformQuery: (args) => names.transformQuery(args),
  async transformResult({ result }) {
    const [first] = result.rows
    if (!first) return result
    const read = Object.keys(first).map(columnOf)
    return { ...result, rows: result.rows.map((row) => toRow(row, read)) }
  },
}

function toRow(values: Record<string, unknown>, columns: readonly Column[]): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (const { stored, name, read } of columns) row[name] = read ? read(values[stored]) : values[stored]
  return row
}
