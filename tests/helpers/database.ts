import { randomBytes } from 'node:crypto'
import { constants, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject, onTestFinished } from 'vitest'

/** The database that this test project runs on. */
export const isPostgres = (): boolean => inject('postgresUrl') !== undefined

/** Registers what is to be done at the end: of the test, unless an app outlives it. */
export type AtEnd = (cleanUp: () => void | Promise<void>) => void

/** A temporary folder that goes with the test. */
export function temporaryFolder(atEnd: AtEnd = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-test-'))
  atEnd(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A value for `MAYFLY_DATABASE_URL`: a database without tables, which goes with the test. */
export async function emptyDatabase(): Promise<string> {
  const server = inject('postgresUrl')
  if (server === undefined) return 'sqlite'
  const name = await createDatabase(server, 'template1')
  onTestFinished(() => query(`${server}/postgres`, `drop database ${name} with (force)`))
  return `${server}/${name}`
}

/** Databases of this process that no test uses at the moment: to make one takes longer than most tests. */
const idle: string[] = []

/** A value for `MAYFLY_DATABASE_URL`: a database as a first start leaves it, for this test alone. */
export async function migratedDatabase(atEnd: AtEnd = onTestFinished): Promise<string> {
  const server = inject('postgresUrl')
  if (server === undefined) return 'sqlite'
  const url = idle.pop() ?? `${server}/${await createDatabase(server, inject('migratedDatabase'))}`
  atEnd(async () => {
    // A test that left it with other tables, or locked, has spoilt it.
    const isClean = await query(url, inject('resetStatements')).then(
      () => true,
      () => false,
    )
    if (isClean) idle.push(url)
  })
  return url
}

/** Puts the same for SQLite into a data folder, unless there is one already. */
export function copyMigratedDatabase(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true })
  const file = join(dataDir, 'mayfly.db')
  if (!existsSync(file)) copyFileSync(inject('migratedDatabase'), file, constants.COPYFILE_EXCL)
}

/** A data folder with a database as a first start leaves it, for commands that run without a server. */
export function migratedFolder(): string {
  const folder = temporaryFolder()
  copyMigratedDatabase(folder)
  return folder
}

async function createDatabase(server: string, template: string): Promise<string> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await query(`${server}/postgres`, `create database ${name} template ${template}`)
  return name
}

async function query(url: string, statements: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, lock_timeout: 2_000 })
  await client.connect()
  try {
    await client.query(statements)
  } finally {
    await client.end()
  }
}
