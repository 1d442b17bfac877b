import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../server/database/migrate.ts'
import { type DatabaseLocation, openDatabase } from '../../server/database/open-database.ts'
import { startPostgres } from './postgres-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string
    /** With all tables: the path of a file, or the name of a template on the server. */
    migratedDatabase: string
    /** Bring a database back to what the template is. */
    resetStatements: string
  }
}

const TEMPLATE = 'migrated'

/** What all tests of a project share: a database with all tables to be copied, and the server for it. */
export async function setup(project: TestProject): Promise<() => void> {
  return project.name === 'postgres' ? setUpPostgres(project) : setUpSqlite(project)
}

async function setUpSqlite(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-sqlite-'))
  const file = join(folder, 'mayfly.db')
  await makeTables({ kind: 'sqlite', file, syncEachCommit: false })
  project.provide('migratedDatabase', file)
  return () => rmSync(folder, { recursive: true, force: true })
}

async function setUpPostgres(project: TestProject): Promise<() => void> {
  const { url, stop } = await startPostgres()
  await query(`${url}/postgres`, `create database ${TEMPLATE}`)
  await makeTables({ kind: 'postgres', url: `${url}/${TEMPLATE}` })
  project.provide('postgresUrl', url)
  project.provide('migratedDatabase', TEMPLATE)
  project.provide('resetStatements', await resetStatements(`${url}/${TEMPLATE}`))
  return stop
}

async function makeTables(location: DatabaseLocation): Promise<void> {
  const { db, close } = openDatabase(location)
  await migrate(db)
  await close()
}

/**
 * Empties all tables and puts back the rows that migrations made. `truncate` takes fifty times as long on tables that hold
 * next to nothing; as a replica, PostgreSQL does not look at foreign keys.
 */
async function resetStatements(url: string): Promise<string> {
  const tables = await query(
    url,
    `select tablename from pg_tables where schemaname = 'public' and tablename not like 'kysely_%'`,
  )
  const names = tables.map(({ tablename }) => `"${tablename}"`)
  const inserts = []
  for (const name of names) {
    const rows = JSON.stringify(await query(url, `select * from ${name}`))
    if (rows !== '[]')
      inserts.push(
        `insert into ${name} select * from json_populate_recordset(null::${name}, '${rows.replaceAll("'", "''")}')`,
      )
  }
  const deletes = names.map((name) => `delete from ${name}`)
  return ['set session_replication_role = replica', ...deletes, ...inserts].join('; ')
}

async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query(statement)
  await client.end()
  return rows
}
