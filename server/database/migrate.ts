import { existsSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Kysely } from 'kysely'
import { FileMigrationProvider, Migrator } from 'kysely/migration'
import { moduleFolder } from '../lib/program-files.ts'
import { type DatabaseLocation, openDatabase } from './open-database.ts'
import type { Schema } from './schema.ts'

const FOLDER = fileURLToPath(moduleFolder('migrations'))

/** `migrate` on a connection of its own, since rewriting a large table takes longer than any request may. */
export async function migrateDatabase(location: DatabaseLocation): Promise<void> {
  const { db, close } = openDatabase(location, { hasTimeLimits: false })
  try {
    await migrate(db)
  } finally {
    await close()
  }
}

/** Whether there is a database of Mayfly's, of whatever version. Makes none. */
export async function isThere(location: DatabaseLocation): Promise<boolean> {
  if (location.kind === 'sqlite' && !existsSync(location.file)) return false
  const { db, close } = openDatabase(location)
  try {
    return await hasMigrations(db)
  } finally {
    await close()
  }
}

async function hasMigrations(db: Kysely<Schema>): Promise<boolean> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  return tables.some((table) => table.name === 'kysely_migration')
}

/** Brings the tables up to date. Throws when a migration fails or when the database was made by a newer version. */
export async function migrate(db: Kysely<Schema>, folder = FOLDER): Promise<void> {
  const provider = new FileMigrationProvider({ fs, path, migrationFolder: folder })
  const migrator = new Migrator({ db: db.withoutPlugins(), provider }) // names in migrations are those of the columns
  await refuseNewerDatabase(db, folder)
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}

async function refuseNewerDatabase(db: Kysely<Schema>, folder: string): Promise<void> {
  if (!(await hasMigrations(db))) return
  const known = new Set((await fs.readdir(folder)).map((file) => path.parse(file).name))
  const applied = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute()
  const unknown = applied.filter(({ name }) => !known.has(name)).map(({ name }) => name)
  if (unknown.length > 0) {
    throw new Error(
      `The database is newer than this version of Mayfly: it has ${unknown.join(', ')}. Start a newer version.`,
    )
  }
}
