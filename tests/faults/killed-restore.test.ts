import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import BetterSqlite3 from 'better-sqlite3'
import { expect, test } from 'vitest'
import { restoreBackup } from '../../server/database/backup.ts'
import { givenFile } from '../helpers/client.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { makeApp } from '../helpers/make-app.ts'
import { storedFiles } from '../helpers/stored-files.ts'

/** A data folder as `kill -9` leaves it: with a log that is not merged, an upload since the backup, and the backup. */
async function givenKilledServer() {
  const app = await makeApp()
  await app.storeOwnership.assertOwned()
  const old = await givenFile(app, {}, 'in the backup')
  const backup = join(temporaryFolder(), 'backup.db')
  await app.backups.backUpTo(backup)
  const recent = await givenFile(app, {}, 'since the backup')
  const dataDir = temporaryFolder()
  cpSync(app.dataDir, dataDir, { recursive: true })
  expect(statSync(join(dataDir, 'mayfly.db-wal')).size).toBeGreaterThan(0)
  return { dataDir, backup, ids: { old: old.upload.id, recent: recent.upload.id } }
}

/** `mayfly restore`, killed before the call number `killAt` that gives a file a name. */
function restore(dataDir: string, backup: string, killAt: number): NodeJS.Signals | number | null {
  const preload = ['--import', fileURLToPath(new URL('../helpers/kill-at-rename.ts', import.meta.url))]
  const env = { ...process.env, MAYFLY_DATA_DIR: dataDir, KILL_AT: `${killAt}` }
  const { status, signal } = spawnSync(process.execPath, [...preload, 'server/dist/mayfly.js', 'restore', backup], {
    env,
  })
  return signal ?? status
}

function uploadsIn(dataDir: string): string[] {
  const sqlite = new BetterSqlite3(join(dataDir, 'mayfly.db'), { fileMustExist: true })
  const ids = sqlite.prepare('select id from uploads').pluck().all() as string[]
  sqlite.close()
  return ids
}

test('killed at any step, a restore leaves the old database or the restored one, and can be repeated', async () => {
  const { dataDir, backup, ids } = await givenKilledServer()
  const files = storedFiles(dataDir)

  // The old file gets its second name, its two logs would be moved, the copy is renamed.
  for (const killAt of [1, 2, 3, 4]) {
    expect([killAt, restore(dataDir, backup, killAt)]).toEqual([killAt, 'SIGKILL'])
    expect(uploadsIn(dataDir).sort()).toEqual([ids.old, ids.recent].sort())
  }
  expect(restore(dataDir, backup, 5)).toBe(0)

  expect(uploadsIn(dataDir)).toEqual([ids.old])
  const names = readdirSync(dataDir)
  expect(names.filter((name) => name.includes('.restoring'))).toEqual([])
  expect(names.filter((name) => /before-\d+$/.test(name)).length).toBeGreaterThan(0)
  const app = await makeApp({ DATA_DIR: dataDir })
  app.advance(2 * 24 * 3_600_000)
  await app.maintenance.clean()
  expect(storedFiles(dataDir)).toHaveLength(files.length) // one of them is in quarantine
}, 90_000)

test('a damaged database with its log gives way to the backup, and both are kept', async () => {
  const { dataDir, backup, ids } = await givenKilledServer()
  cpSync(import.meta.filename, join(dataDir, 'mayfly.db'))

  expect(restore(dataDir, backup, 0)).toBe(0)

  expect(uploadsIn(dataDir)).toEqual([ids.old])
  const kept = readdirSync(dataDir).filter((name) => name.includes('.before-'))
  expect(kept.map((name) => name.replace(/\d+/, 'N')).sort()).toEqual(
    ['mayfly.db.before-N', 'mayfly.db.before-N-wal', ...(kept.length > 2 ? ['mayfly.db.before-N-shm'] : [])].sort(),
  )
})

test('a log without its database is not taken for that of the restored one', async () => {
  const { dataDir, backup, ids } = await givenKilledServer()
  rmSync(join(dataDir, 'mayfly.db'))

  expect(restore(dataDir, backup, 0)).toBe(0)

  expect(uploadsIn(dataDir)).toEqual([ids.old])
})

test('a database that is in use is not replaced', async () => {
  const app = await makeApp()
  const { upload } = await givenFile(app)
  const backup = join(temporaryFolder(), 'backup.db')
  await app.backups.backUpTo(backup)
  const file = join(app.dataDir, 'mayfly.db')

  const restoring = restoreBackup(backup, { kind: 'sqlite', file, syncEachCommit: true }, Date.now)

  await expect(restoring).rejects.toThrow('the database is in use')
  expect((await fetch(`${app.url}/upload/${upload.id}`)).status).toBe(200)
  expect(existsSync(`${file}.restoring`)).toBe(false)
})
