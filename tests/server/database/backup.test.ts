import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createBackups, restoreBackup } from '../../../server/database/backup.ts'
import { migrate } from '../../../server/database/migrate.ts'
import type { DatabaseLocation } from '../../../server/database/open-database.ts'
import { createUpload, givenFile } from '../../helpers/client.ts'
import { emptyDatabase, isPostgres, temporaryFolder } from '../../helpers/database.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { givenDatabase, givenLocation } from './given-database.ts'

const locationOf = ({ DATABASE_URL: url, DATA_DIR }: { DATABASE_URL: string; DATA_DIR: string }): DatabaseLocation =>
  url.startsWith('sqlite')
    ? { kind: 'sqlite', file: join(DATA_DIR, 'mayfly.db'), syncEachCommit: true }
    : { kind: 'postgres', url }

test('a backup that is taken while others write is whole, and brings back what was there at its moment', async () => {
  const settings = { DATABASE_URL: await emptyDatabase(), DATA_DIR: temporaryFolder() }
  const app = await makeApp(settings)
  const { url, upload } = await givenFile(app, {}, 'kept', 'été 你好.txt')
  const writing = Promise.all(Array.from({ length: 50 }, () => createUpload(app)))
  const file = join(temporaryFolder(), 'backup.db')
  await app.backups.backUpTo(file)
  await writing

  await fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE', headers: { 'X-UploadToken': upload.uploadToken } })
  expect((await fetch(url)).status).toBe(404)
  await app.close()
  await restoreBackup(file, locationOf(settings), Date.now)

  const restored = await makeApp(settings)
  const answer = await fetch(`${restored.url}/upload/${upload.id}`)
  expect(((await answer.json()) as { files: { fileName: string }[] }).files[0]?.fileName).toBe('été 你好.txt')
  expect((await restored.jobEngine.jobs.list()).length).toBeGreaterThan(5)
  if (!isPostgres()) expect(readdirSync(settings.DATA_DIR).filter((name) => name.includes('.before-'))).toHaveLength(1)
})

test('every table is in it, row for row, whatever database it goes into', async () => {
  const location = await givenLocation()
  const source = givenDatabase(location)
  await migrate(source.db)
  const tables = (await source.db.introspection.getTables()).map(({ name }) => name)
  const app = await makeApp(
    location.kind === 'postgres' ? { DATABASE_URL: location.url } : { DATABASE_URL: `sqlite:${location.file}` },
  )
  for (let index = 0; index < 20; index += 1) await givenFile(app, {}, `${index}`)
  await (await app.jobEngine.control.start('purge-expired-uploads', 'test')).ended
  const file = join(temporaryFolder(), 'backup.db')
  await app.close() // figures are written by then
  await createBackups({ database: source, folder: '', clock: Date.now }).backUpTo(file)

  const target = await givenLocation()
  await restoreBackup(file, target, Date.now)

  const copy = givenDatabase(target)
  for (const table of tables) {
    const rows = async (db: typeof copy.db) =>
      (
        await db
          .selectFrom(table as 'files')
          .selectAll()
          .execute()
      )
        .map((row) => JSON.stringify(row))
        .sort()
    expect([table, await rows(copy.db)]).toEqual([table, await rows(source.db)])
  }
})

test('the newest backups are kept, what a crash left is deleted, and nothing else', async () => {
  const app = await makeApp()
  const folder = join(app.dataDir, 'backups')
  const own = [
    'notes.partial.txt',
    'mayfly.db.partial',
    'mayfly-2026-01-01T00-00-00Z.db.old',
    'mayfly-2026-01-01T00-00-00Z.db/file.txt',
    'mayfly-2026-01-02T00-00-00Z.db.partial/file.txt',
  ].map((name) => join(folder, name))
  for (const path of own) mkdirSync(dirname(path), { recursive: true })
  for (const path of own) writeFileSync(path, 'mine')
  for (const end of ['partial', 'partial-wal', '0123456789abcdef.partial', '0123456789abcdef.partial-journal'])
    writeFileSync(join(folder, `mayfly-2026-01-03T00-00-00Z.db.${end}`), 'half')
  const backUp = () => app.backups.backUp({ keep: 2 })

  const reports = [await backUp()]
  for (let day = 0; day < 2; day += 1) {
    app.advance(86_400_000)
    reports.push(await backUp())
  }

  expect(reports.map(({ deleted }) => deleted)).toEqual([0, 0, 1])
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  expect(files.sort()).toEqual([...reports.slice(1).map(({ file }) => file), ...own].sort())
})

test('a backup leaves another one alone that is being written', async () => {
  const app = await makeApp()
  const folder = join(app.dataDir, 'backups')
  mkdirSync(folder)
  const partial = join(folder, 'mayfly-2026-01-01T00-00-00Z.db.0123456789abcdef.partial')
  writeFileSync(partial, 'half')

  await app.backups.backUp({ keep: 2 })

  expect(existsSync(partial)).toBe(true)
})

test('database, backups and what a restore keeps are for their owner only, whatever the umask, old files too', async () => {
  const umask = process.umask(0)
  onTestFinished(() => void process.umask(umask))
  const empty = await emptyDatabase()
  const settings = {
    DATABASE_URL: empty === 'sqlite' ? 'sqlite:mayfly.db' : empty, // made by the server, not by the test
    DATA_DIR: join(temporaryFolder(), 'data'),
  }
  const old = await makeApp(settings)
  const { file } = await old.backups.backUp({ keep: 7 })
  await old.close()
  for (const name of readdirSync(settings.DATA_DIR))
    if (name.endsWith('.db')) chmodSync(join(settings.DATA_DIR, name), 0o644)
  await restoreBackup(file, locationOf(settings), Date.now)
  const app = await makeApp(settings)
  await givenFile(app)

  const entries = readdirSync(settings.DATA_DIR, { recursive: true, withFileTypes: true })
  const paths = [settings.DATA_DIR, ...entries.map(({ parentPath, name }) => join(parentPath, name))]
  const open = paths.filter((path) => (statSync(path).mode & 0o077) !== 0)

  expect(open).toEqual([])
  expect(paths.filter((path) => /\.before-\d+$|\.db-wal$/.test(path))).toHaveLength(isPostgres() ? 0 : 2)
})

test.each([
  ['a file that is no database', (path: string) => writeFileSync(path, 'hello '.repeat(1_000))],
  ['a file that is not there', () => {}],
  ['half a backup', (path: string) => truncateSync(path, 50_000)],
])('%s is not restored, and what is there stays', async (what, damage) => {
  const app = await makeApp()
  const { upload } = await givenFile(app)
  const file = join(temporaryFolder(), 'backup.db')
  if (what === 'half a backup') await app.backups.backUpTo(file)
  damage(file)
  const location = { kind: 'sqlite' as const, file: join(app.dataDir, 'mayfly.db'), syncEachCommit: false }

  await expect(restoreBackup(file, location, Date.now)).rejects.toThrow('backup.db is not a backup or is damaged')

  expect((await fetch(`${app.url}/upload/${upload.id}`)).status).toBe(200)
})
