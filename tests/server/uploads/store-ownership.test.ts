import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { restoreBackup } from '../../../server/database/backup.ts'
import { openDatabase } from '../../../server/database/open-database.ts'
import { newBlobKey } from '../../../server/lib/ids.ts'
import { createStoreOwnership } from '../../../server/uploads/store-ownership.ts'
import { addFile, createUpload, givenFile } from '../../helpers/client.ts'
import { emptyDatabase, isPostgres, migratedDatabase, temporaryFolder } from '../../helpers/database.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { givenOldDatabase } from '../../helpers/old-version.ts'
import { storedFiles } from '../../helpers/stored-files.ts'
import { createResumable, patch } from '../resumable/tus-requests.ts'

/** Blobs are deleted only for the database that they belong to. */

const DAY = 24 * 3_600_000
const REFUSAL = 'the database and the stored files do not belong together, so nothing is deleted'

const locationOf = ({ databaseUrl, dataDir }: { databaseUrl: string; dataDir: string }) =>
  databaseUrl.startsWith('sqlite')
    ? { kind: 'sqlite' as const, file: join(dataDir, databaseUrl.slice(7) || 'mayfly.db'), syncEachCommit: false }
    : { kind: 'postgres' as const, url: databaseUrl }

function tablesOf(app: TestApp) {
  const { db, close } = openDatabase(locationOf(app))
  onTestFinished(close)
  return db
}

/** Settings of a server on the same data folder, whose database is another one. */
const withOtherDatabase = async (dataDir: string) => ({
  DATA_DIR: dataDir,
  DATABASE_URL: isPostgres() ? await migratedDatabase() : 'sqlite:other.db',
})

/** A server with a file, one that is removed, and one that is half received; two days old. */
async function givenUsedStore() {
  const app = await makeApp({ RESUME_WINDOW: '9d' })
  const { upload, url } = await givenFile(app, {}, 'kept')
  const half = await createResumable(app, 10)
  await patch(half.url, 0, 'half ')
  for (const path of storedFiles(app.dataDir)) utimesSync(path, 0, 0)
  await app.maintenance.clean()
  return { app, upload, url, half, files: storedFiles(app.dataDir).sort() }
}

/** Every way to delete blobs, at least twice a day later. */
async function cleanEverything(app: TestApp): Promise<string[]> {
  const { jobs, control } = app.jobEngine
  const messages: string[] = []
  app.advance(2 * DAY)
  for (let round = 0; round < 2; round += 1) {
    await app.maintenance.clean().catch((error: Error) => messages.push(error.message))
    for (const { name } of await jobs.list()) await (await control.start(name, 'test')).ended
    app.advance(2 * DAY)
  }
  return messages
}

test('a new database beside the files of another deletes none of them, says so, and can adopt them', async () => {
  const { app, files } = await givenUsedStore()
  const other = await makeApp(await withOtherDatabase(app.dataDir))
  const { url } = await givenFile(other, {}, 'new')

  const messages = await cleanEverything(other)

  expect(messages).toEqual([expect.stringContaining(REFUSAL), expect.stringContaining(REFUSAL)])
  expect(storedFiles(app.dataDir)).toEqual(expect.arrayContaining(files))
  await other.storeOwnership.adopt()
  await expect(other.maintenance.purge()).resolves.toMatchObject({ unfinished: { count: 1 } })
  expect(await (await fetch(url)).text()).toBe('new')
})

test('once another database has adopted the files, the one before deletes nothing', async () => {
  const { app, files } = await givenUsedStore()
  const other = await makeApp(await withOtherDatabase(app.dataDir))

  await other.storeOwnership.adopt()

  await expect(app.maintenance.clean()).rejects.toMatchObject({ kind: 'conflict' })
  expect(await cleanEverything(app)).toHaveLength(2)
  expect(storedFiles(app.dataDir)).toEqual(expect.arrayContaining(files))
  await expect(other.storeOwnership.assertOwned()).resolves.toBeUndefined()
})

test('removed files wait in the store of another database, and go once it is the right one', async () => {
  const { app, upload, files } = await givenUsedStore()
  const id = readFileSync(join(app.dataDir, 'files/store-id'))
  writeFileSync(join(app.dataDir, 'files/store-id'), 'another')

  await fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE', headers: { 'X-UploadToken': upload.uploadToken } })
  await expect(app.maintenance.purge()).rejects.toThrow(REFUSAL)
  expect(storedFiles(app.dataDir).sort()).toEqual(files)

  writeFileSync(join(app.dataDir, 'files/store-id'), id)
  await app.maintenance.purge()
  expect(storedFiles(app.dataDir)).toHaveLength(files.length - 1)
})

test('a check against the files of another database marks nothing as broken', async () => {
  const { app } = await givenUsedStore()
  writeFileSync(join(app.dataDir, 'files/store-id'), 'another')
  rmSync(storedFiles(app.dataDir).find((path) => !path.includes('/files/tmp/')) as string)

  for (const name of ['check-links', 'verify-digests']) await (await app.jobEngine.control.start(name, 'test')).ended

  expect(await tablesOf(app).selectFrom('files').select('id').where('fault', 'is not', null).execute()).toEqual([])
})

test('a data folder and a database of an old version belong together without any step, and are cleaned', async () => {
  const empty = await emptyDatabase()
  const settings = { DATA_DIR: temporaryFolder(), DATABASE_URL: empty === 'sqlite' ? 'sqlite:mayfly.db' : empty }
  const location = locationOf({ databaseUrl: settings.DATABASE_URL, dataDir: settings.DATA_DIR })
  const { kept, over } = await givenOldDatabase(location)
  for (const { blobKey, content } of [kept, over]) {
    mkdirSync(dirname(blobPath({ dataDir: settings.DATA_DIR }, blobKey)), { recursive: true })
    writeFileSync(blobPath({ dataDir: settings.DATA_DIR }, blobKey), content)
  }

  const app = await makeApp(settings)
  const report = await app.maintenance.clean()

  expect(report).toMatchObject({ expired: 1, deletedFiles: 1, orphans: { quarantined: { blobs: 0 } } })
  expect(storedFiles(app.dataDir)).toEqual([blobPath(app, kept.blobKey)])
  expect(await (await fetch(app.url + kept.path)).text()).toBe(kept.content)
  const { database, store } = await app.storeOwnership.readIds()
  expect([store, database]).toEqual([expect.stringMatching(/^\w{16}$/), store])
})

test('a store that lost its id gets it back from the database that knows its files', async () => {
  const { app, files } = await givenUsedStore()
  const { store } = await app.storeOwnership.readIds()

  rmSync(join(app.dataDir, 'files/store-id'))
  await app.maintenance.clean()

  expect(await app.storeOwnership.readIds()).toEqual({ database: store, store })
  expect(storedFiles(app.dataDir).sort()).toEqual(files)
})

describe('a store without an id, and a database without one,', () => {
  /** Files that a row knows, and others, each with its age in seconds. */
  async function given({ known, unknown }: { known: number[]; unknown: number[] }) {
    const app = await makeApp()
    const age = (path: string, seconds: number) =>
      utimesSync(path, Date.now() / 1000 - seconds, Date.now() / 1000 - seconds)
    const upload = await createUpload(app)
    for (const seconds of known) {
      const before = storedFiles(app.dataDir)
      await addFile(app, upload, `${seconds}.txt`, 'known')
      age(storedFiles(app.dataDir).find((path) => !before.includes(path)) as string, seconds)
    }
    const orphans = givenOrphans(app, unknown.length)
    for (const [index, key] of orphans.entries()) age(blobPath(app, key), unknown[index] as number)
    expect(await app.storeOwnership.readIds()).toEqual({ database: undefined, store: undefined })
    return { app, orphans }
  }

  test.each([
    ['all files are known', { known: [9_000, 9_100], unknown: [] }],
    ['a crash left one', { known: [9_000], unknown: [8_000] }],
    [
      'a crash left a few of many',
      { known: Array.from({ length: 20 }, (_, index) => 9_000 + index), unknown: [8_000, 7_000] },
    ],
  ])('belong together when %s', async (_, files) => {
    const { app } = await given(files)

    await app.storeOwnership.assertOwned()

    const { database, store } = await app.storeOwnership.readIds()
    expect(store).toMatch(/^\w{16}$/)
    expect(database).toBe(store)
  })

  test.each([
    ['no file is known', { known: [], unknown: [9_000] }],
    ['several are unknown', { known: [9_000, 9_100, 9_200, 9_300], unknown: [8_000, 8_100] }],
    [
      'a few were there before any that is known, however many came since',
      { known: Array.from({ length: 40 }, (_, index) => 100 + index), unknown: [9_000] },
    ],
  ])('do not when %s', async (_, files) => {
    const { app, orphans } = await given(files)

    await expect(app.maintenance.clean()).rejects.toThrow(REFUSAL)

    expect(await app.storeOwnership.readIds()).toEqual({ database: undefined, store: undefined })
    for (const key of orphans) expect(existsSync(blobPath(app, key))).toBe(true)
  })
})

test('replicas that start at once on a new store agree on one id', async () => {
  const settings = { DATA_DIR: temporaryFolder(), DATABASE_URL: await migratedDatabase() }
  const apps = await Promise.all([makeApp(settings), makeApp(settings), makeApp(settings)])

  await Promise.all(apps.map(({ storeOwnership }) => storeOwnership.assertOwned()))

  const ids = await Promise.all(apps.map(({ storeOwnership }) => storeOwnership.readIds()))
  expect(new Set(ids.flatMap(({ database, store }) => [database, store])).size).toBe(1)
})

test('the id is in every backup: a restored database has its files at once, and a new one that was started first lost none', async () => {
  const { app, url, files } = await givenUsedStore()
  const backup = join(temporaryFolder(), 'backup.db')
  await app.backups.backUpTo(backup)
  await app.close()
  const settings = await withOtherDatabase(app.dataDir)
  const early = await makeApp(settings)
  expect(await cleanEverything(early)).toHaveLength(2)
  await early.close()

  await restoreBackup(backup, locationOf({ databaseUrl: settings.DATABASE_URL, dataDir: app.dataDir }), Date.now)

  const restored = await makeApp({ ...settings, RESUME_WINDOW: '9d' })
  await restored.maintenance.clean()
  expect(storedFiles(app.dataDir)).toEqual(expect.arrayContaining(files))
  expect(await (await fetch(url.replace(app.url, restored.url))).text()).toBe('kept')
})

/** Blobs without a row, two days old. */
function givenOrphans({ dataDir }: TestApp, count: number): string[] {
  return Array.from({ length: count }, () => {
    const key = newBlobKey()
    const path = blobPath({ dataDir }, key)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, 'stray')
    utimesSync(path, Date.now() / 1000 - 172_800, Date.now() / 1000 - 172_800)
    return key
  })
}

const blobPath = ({ dataDir }: Pick<TestApp, 'dataDir'>, key: string) => join(dataDir, 'files', key.slice(0, 2), key)

const quarantined = ({ dataDir }: TestApp, key: string): boolean => existsSync(join(dataDir, 'files/quarantine', key))

test('orphans are in quarantine for a day before they are deleted', async () => {
  const { app, files } = await givenUsedStore()
  const [key = ''] = givenOrphans(app, 1)

  expect((await app.maintenance.clean()).orphans).toMatchObject({ blobs: 0, quarantined: { blobs: 1, bytes: 5 } })
  expect(quarantined(app, key)).toBe(true)
  app.advance(DAY - 60_000)
  await app.maintenance.clean()
  expect(quarantined(app, key)).toBe(true)

  app.advance(120_000)
  expect((await app.maintenance.clean()).orphans).toMatchObject({ blobs: 1, bytes: 5, quarantined: { blobs: 0 } })
  expect(storedFiles(app.dataDir).sort()).toEqual(files)
})

test.each(['remove-orphans', 'check-links'])(
  'what a row needs after all comes back with %s, however long it was in quarantine, and is not broken',
  async (job) => {
    const { app, url } = await givenUsedStore()
    const db = tablesOf(app)
    const { blobKey } = await db
      .selectFrom('files')
      .select('blobKey')
      .where('status', '=', 'uploaded')
      .executeTakeFirstOrThrow()
    await db.updateTable('files').set({ blobKey: newBlobKey() }).where('blobKey', '=', blobKey).execute()
    await app.maintenance.clean()
    expect(quarantined(app, `${blobKey}`)).toBe(true)
    await db.updateTable('files').set({ blobKey }).where('status', '=', 'uploaded').execute()

    app.advance(2 * DAY)
    await (await app.jobEngine.control.start(job, 'test')).ended

    expect(await (await fetch(url)).text()).toBe('kept')
    expect(await db.selectFrom('files').select('id').where('fault', 'is not', null).execute()).toEqual([])
  },
)

test('a sweep that would remove more than a small share removes nothing, until it is confirmed', async () => {
  const { app } = await givenUsedStore()
  const ten = givenOrphans(app, 10)
  expect((await app.maintenance.clean()).orphans.quarantined.blobs).toBe(10)
  const eleven = givenOrphans(app, 11)

  await expect(app.maintenance.clean()).rejects.toThrow(
    '11 of 12 stored files are unknown to the database, which is more than 5%, so none was deleted',
  )
  expect([...ten, ...eleven].map((key) => quarantined(app, key))).toEqual([
    ...ten.map(() => true),
    ...eleven.map(() => false),
  ])

  expect((await app.maintenance.clean({ maxPercent: 100 })).orphans.quarantined.blobs).toBe(11)
})

test('a deletion by another request while the two are paired is no sign of another database', async () => {
  let id: string | undefined
  const ownership = createStoreOwnership({
    repo: { find: async () => id, add: async (added) => added },
    knownBlobs: async () => new Set<string>(),
    blobs: {
      async *list() {
        id = 'paired meanwhile'
        yield { key: newBlobKey(), size: 5, modifiedAt: 0 } // its row is deleted before `knownBlobs` looks
      },
      readId: async () => id,
      writeId: async () => {},
    },
  })

  await expect(ownership.assertOwned()).resolves.toBeUndefined()
})
