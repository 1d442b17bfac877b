import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject, onTestFinished } from 'vitest'

/** The database that this test project runs on. */
export const isPostgres = (): boolean => inject('postgresUrl') !== undefined

/** A temporary folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A value for `MAYFLY_DATABASE_URL`: an empty database that goes with the test. */
export async function emptyDatabase(): Promise<string> {
  const server = inject('postgresUrl')
  if (server === undefined) return 'sqlite'
  const name = `test_${randomBytes(8).toString('hex')}`
  await administrate(server, `create database ${name}`)
  onTestFinished(() => administrate(server, `drop database ${name} with (force)`))
  return `${server}/${name}`
}

async function administrate(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: `${server}/postgres` })
  await client.connect()
  await client.query(statement)
  await client.end()
}
