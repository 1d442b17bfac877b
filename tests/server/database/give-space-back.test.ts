import { statSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { givenFile } from '../../helpers/client.ts'
import { isPostgres, temporaryFolder } from '../../helpers/database.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'

/** Deleted rows must not keep their space forever. PostgreSQL has autovacuum. */

const MB = 1_000_000

/** A server whose database held 8 MB that were deleted. */
async function givenEmptied(dataDir: string) {
  const app = await makeApp({ DATA_DIR: dataDir, DATABASE_URL: 'sqlite:own.db' })
  const file = join(dataDir, 'own.db')
  const sqlite = new BetterSqlite3(file)
  sqlite.exec('create table large (text)')
  const insert = sqlite.prepare('insert into large values (?)')
  sqlite.transaction(() => Array.from({ length: 8_000 }, () => insert.run('x'.repeat(1_000))))()
  sqlite.exec('drop table large')
  sqlite.pragma('wal_checkpoint(truncate)')
  sqlite.close()
  expect(statSync(file).size).toBeGreaterThan(8 * MB)
  return { app, file }
}

async function optimise({ jobEngine }: TestApp): Promise<string | null | undefined> {
  const run = await jobEngine.control.start('optimise-database', 'test')
  await run.ended
  return (await jobEngine.control.list()).find(({ job }) => job.name === 'optimise-database')?.last?.outcome
}

describe.skipIf(isPostgres())('SQLite', () => {
  test('gives the space of deleted rows back to the disk', async () => {
    const { app, file } = await givenEmptied(temporaryFolder())
    const { url } = await givenFile(app, {}, 'kept')

    await app.backups.backUpTo(join(app.dataDir, 'backup.db'))
    expect(await optimise(app)).toBe('succeeded')

    expect(statSync(file).size).toBeLessThan(MB)
    expect(await (await fetch(url)).text()).toBe('kept')
  })

  test('so does a database of an older version, which is rewritten once while the server uses it', async () => {
    const dataDir = temporaryFolder()
    const older = new BetterSqlite3(join(dataDir, 'own.db'))
    older.exec('create table of_an_older_version (id)')
    older.close()
    const { app, file } = await givenEmptied(dataDir)
    const { url } = await givenFile(app, {}, 'kept')

    expect(await optimise(app)).toBe('succeeded')

    expect(statSync(file).size).toBeLessThan(MB)
    expect(new BetterSqlite3(file, { readonly: true }).pragma('auto_vacuum', { simple: true })).toBe(2)
    expect(await (await fetch(url)).text()).toBe('kept')
  })

  test('restoring a backup releases space, however large it is', async () => {
    const dataDir = temporaryFolder()
    const older = new BetterSqlite3(join(dataDir, 'own.db'))
    older.exec('create table of_an_older_version (id)')
    older.close()
    const { app } = await givenEmptied(dataDir)
    const backup = join(dataDir, 'backup.db')

    await app.backups.backUpTo(backup)

    expect(new BetterSqlite3(backup, { readonly: true }).pragma('auto_vacuum', { simple: true })).toBe(2)
  })
})
