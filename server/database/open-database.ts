import { Kysely } from 'kysely'
import { postgresDialect } from './postgres-dialect.ts'
import type { Schema } from './schema.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { createTransact, type Transact } from './transact.ts'

export interface Database {
  db: Kysely<Schema>
  /** How every change is made; see `transact.ts`. */
  transact: Transact
  location: DatabaseLocation
  close(): Promise<void>
}

export type DatabaseLocation =
  | { kind: 'sqlite'; file: string; syncEachCommit: boolean }
  | { kind: 'postgres'; url: string }

/** Requests must not wait for ever; migrations and copies of whole tables take the time that they need, without limits. */
export function openDatabase(location: DatabaseLocation, { hasTimeLimits = true } = {}): Database {
  const dialect =
    location.kind === 'sqlite' ? sqliteDialect(location) : postgresDialect(location.url, { hasTimeLimits })
  const db = new Kysely<Schema>({ dialect })
  return {
    db,
    transact: createTransact(db, { group: location.kind === 'sqlite' }),
    location,
    close: () => db.destroy(),
  }
}
