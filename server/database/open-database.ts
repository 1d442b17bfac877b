import { Kysely } from 'kysely'
import { columns } from './columns.ts'
import { postgresDialect } from './postgres-dialect.ts'
import { type Prepare, prepareWith } from './prepared.ts'
import type { Schema } from './schema.ts'
import { sqliteDialect, sqliteLookups } from './sqlite-dialect.ts'
import { createTransact, type Transact } from './transact.ts'

export interface Database {
  db: Kysely<Schema>
  /** For the look-ups that nearly every request makes. */
  prepare: Prepare
  /** How every change is made; see `transact.ts`. */
  transact: Transact
  location: DatabaseLocation
  close(): Promise<void>
}

export type DatabaseLocation =
  | { kind: 'sqlite'; file: string; syncEachCommit: boolean }
  | { kind: 'postgres'; url: string }

/** Queries of requests have time limits; migrations and copies of whole tables have none. */
export function openDatabase(location: DatabaseLocation, { hasTimeLimits = true } = {}): Database {
  const dialect =
    location.kind === 'sqlite' ? sqliteDialect(location) : postgresDialect(location.url, { hasTimeLimits })
  const db = new Kysely<Schema>({ dialect, plugins: [columns] })
  const lookups = location.kind === 'sqlite' ? sqliteLookups(location.file) : { prepare: prepareWith(db), close() {} }
  return {
    db,
    prepare: lookups.prepare,
    transact: createTransact(db, { group: location.kind === 'sqlite' }),
    location,
    async close() {
      lookups.close() // first, since the last connection is the one that empties the log
      await db.destroy()
    },
  }
}
