import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmdirSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Kysely } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { up } from '../../../migrations/0020_no_pending_uploads.ts'
import { openDatabase } from '../../../server/database/open-database.ts'
import { newBlobKey } from '../../../server/lib/ids.ts'
import { addFile, createUpload, givenFile } from '../../helpers/client.ts'
import { migratedDatabase, temporaryFolder } from '../../helpers/database.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { CHUNKED_FORM, chunk, FORM_END, formPart, head, LAST_CHUNK, rawClient } from '../../helpers/raw-client.ts'
import { storedFiles } from '../../helpers/stored-files.ts'
import { waitFor } from '../../helpers/wait.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const shared = async () => ({ DATABASE_URL: await migratedDatabase(), DATA_DIR: temporaryFolder() })
type Shared = Awaited<ReturnType<typeof shared>>

function tablesOf({ DATABASE_URL, DATA_DIR }: Shared) {
  const { db, close } = openDatabase(
    DATABASE_URL === 'sqlite'
      ? { kind: 'sqlite', file: join(DATA_DIR, 'mayfly.db'), syncEachCommit: false }
      : { kind: 'postgres', url: DATABASE_URL },
  )
  onTestFinished(close)
  return db
}

/** Paths of all blobs and temporary files, from the folder of the store. */
const stored = ({ dataDir }: { dataDir: string }): string[] => storedFiles(dataDir)

const textOf = async (url: string, init?: RequestInit) => (await fetch(url, init)).text()

const statusesOf = async (app: TestApp, id: string, uploadToken: string) => {
  const answer = await fetch(`${app.url}/upload/${id}`, { headers: { 'X-UploadToken': uploadToken } })
  return ((await answer.json()) as { files: { status: string }[] }).files.map(({ status }) => status)
}

test('an upload whose time is up loses its bytes at once, its link says why for an hour, and then nothing is left', async () => {
  const settings = await shared()
  const app = await makeApp(settings)
  const { upload } = await givenFile(app, { ttl: 60 }, 'secret')
  const db = tablesOf(settings)

  app.advance(60 * SECOND)
  await app.maintenance.purge()
  expect(stored(app)).toEqual([])
  expect(await textOf(`${app.url}/upload/${upload.id}`)).toBe(`upload ${upload.id} has expired\n`)

  app.advance(HOUR)
  await app.maintenance.purge()
  expect(await textOf(`${app.url}/upload/${upload.id}`)).toBe(`upload ${upload.id} has expired\n`)

  app.advance(1)
  await app.maintenance.purge()
  expect(await textOf(`${app.url}/upload/${upload.id}`)).toBe(`upload ${upload.id} not found\n`)
  expect(await db.selectFrom('uploads').selectAll().execute()).toEqual([])
  expect(await db.selectFrom('files').selectAll().execute()).toEqual([])
})

test('nothing goes a millisecond early, and what never ends stays', async () => {
  const app = await makeApp({ MAX_TTL: 'unlimited' })
  const soon = await givenFile(app, { ttl: 60 }, 'soon')
  const never = await givenFile(app, { ttl: -1 }, 'never')

  app.advance(59_999)
  await app.maintenance.clean()
  expect(await textOf(soon.url)).toBe('soon')

  app.advance(10 * 365 * 24 * HOUR)
  await app.maintenance.clean()
  expect(await textOf(never.url)).toBe('never')
  expect(stored(app)).toHaveLength(1)
})

test('a removed upload leaves no bytes and no rows', async () => {
  const settings = await shared()
  const app = await makeApp(settings)
  const { upload } = await givenFile(app)

  await fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE', headers: { 'X-UploadToken': upload.uploadToken } })
  await waitFor(() => expect(stored(app)).toEqual([]))
  await app.maintenance.purge()

  expect(await tablesOf(settings).selectFrom('files').selectAll().execute()).toEqual([])
})

test('cleaning does not affect running downloads', async () => {
  const app = await makeApp()
  const { url } = await givenFile(app, { ttl: 60 }, new Uint8Array(8_000_000))
  const answer = await fetch(url)

  app.advance(HOUR)
  await app.maintenance.clean()

  expect(stored(app)).toEqual([])
  expect((await answer.arrayBuffer()).byteLength).toBe(8_000_000)
})

test('a file whose writer stopped renewing its lease is given up, not a millisecond before, and the writer hears of it', async () => {
  const settings = await shared()
  const app = await makeApp(settings)
  const { id, uploadToken } = await createUpload(app)
  const client = await rawClient(app.url)
  await client.send(head('POST', `/file/${id}`, { ...CHUNKED_FORM, 'X-UploadToken': uploadToken }))
  await client.send(chunk(`${formPart('file', 'a.txt')}half`))
  await waitFor(async () => expect(await statusesOf(app, id, uploadToken)).toEqual(['uploading']))

  await app.letTimePass(60 * SECOND - 1)
  await app.maintenance.clean()
  expect(await statusesOf(app, id, uploadToken)).toEqual(['uploading'])

  app.advance(1)
  await app.maintenance.clean()
  expect(await statusesOf(app, id, uploadToken)).toEqual([])

  await client.send(chunk(`the rest${FORM_END}`))
  await client.send(LAST_CHUNK)
  expect((await client.answer()).status).toBe(404)
  expect(stored(app)).toEqual([])
})

test('a clock that is far ahead, or behind, takes no file from a sender on another replica', async () => {
  const settings = await shared()
  const [app, other] = [await makeApp(settings), await makeApp(settings)]
  const { id, uploadToken } = await createUpload(app)
  const client = await rawClient(app.url)
  await client.send(head('POST', `/file/${id}`, { ...CHUNKED_FORM, 'X-UploadToken': uploadToken }))
  await client.send(chunk(`${formPart('file', 'a.txt')}half`))
  await waitFor(async () => expect(await statusesOf(app, id, uploadToken)).toEqual(['uploading']))

  for (const ms of [20 * MINUTE, -HOUR]) {
    other.leap(ms)
    await other.maintenance.purge()
  }
  await client.send(chunk(FORM_END))
  await client.send(LAST_CHUNK)

  expect((await client.answer()).status).toBe(200)
})

test('the bytes of a form are kept for a day while it is received, and for another if its server died', async () => {
  const settings = await shared()
  const app = await makeApp(settings)
  await app.storeOwnership.assertOwned()
  const db = tablesOf(settings)
  const client = await rawClient(app.url)
  await client.send(head('POST', '/', CHUNKED_FORM))
  await client.send(chunk(`${formPart('file', 'a.txt')}whole\r\n${formPart('file', 'b.txt')}ha`))
  const whole = () => stored(app).filter((path) => !path.includes('/files/tmp/'))
  await waitFor(() => expect(whole()).toHaveLength(1))
  const replica = await makeApp(settings)

  replica.advance(23 * HOUR)
  await replica.maintenance.clean()
  expect(whole().map((path) => path.includes('/quarantine/'))).toEqual([false])
  expect(await db.selectFrom('uploads').selectAll().execute()).toEqual([])

  replica.advance(2 * HOUR)
  await replica.maintenance.clean()
  expect(whole().map((path) => path.includes('/quarantine/'))).toEqual([true])
  replica.advance(25 * HOUR)
  await replica.maintenance.clean()
  expect(whole()).toEqual([])
})

test.each([1, 2])('a form with %i whole files has 23 hours', async (count) => {
  const app = await makeApp({ DURABILITY: 'process' }) // else a file can be seen before its sync has ended
  await app.storeOwnership.assertOwned()
  const send = async (takesMs: number) => {
    const client = await rawClient(app.url)
    const files = Array.from({ length: count }, (_, index) => `${formPart('file', `${index}.txt`)}content\r\n`)
    await client.send(head('POST', '/', CHUNKED_FORM))
    await client.send(chunk(`${files.join('')}${formPart('comments')}half`))
    await waitFor(() => expect(stored(app).filter((path) => !path.includes('/files/tmp/'))).toHaveLength(count))
    app.advance(takesMs)
    await app.maintenance.clean()
    await client.send(chunk(`rest${FORM_END}`))
    await client.send(LAST_CHUNK)
    return client.answer()
  }

  expect(await send(23 * HOUR + 1)).toMatchObject({ status: 400, body: 'timed out waiting for form data\n' })
  expect(stored(app)).toEqual([])

  const { status, body } = await send(10 * MINUTE)
  const links = body.split('\n').filter((line) => line.startsWith('http://'))
  const contents = await Promise.all(links.map((link) => textOf(link.replace('http://127.0.0.1', app.url))))
  expect([status, ...contents]).toEqual([200, ...Array(count).fill('content')])
})

test('one file may take longer', async () => {
  const app = await makeApp()
  const client = await rawClient(app.url)
  await client.send(head('POST', '/', CHUNKED_FORM))
  await client.send(chunk(`${formPart('file', 'a.txt')}ha`))
  await app.maintenance.clean()
  app.advance(30 * HOUR)
  await client.send(chunk(`lf${FORM_END}`))
  await client.send(LAST_CHUNK)

  expect((await client.answer()).status).toBe(200)
})

test('a form that an older version was receiving is removed by the migration, with its bytes', async () => {
  const settings = await shared()
  const app = await makeApp(settings)
  const { upload, url } = await givenFile(app, {}, 'half of a form')
  const kept = await givenFile(app, {}, 'kept')
  const db = tablesOf(settings)
  await db
    .updateTable('uploads')
    .set({ status: 'pending' as 'active' })
    .where('id', '=', upload.id)
    .execute()

  await up(db as unknown as Kysely<unknown>)

  await app.maintenance.purge()
  expect(stored(app)).toHaveLength(1)
  expect((await fetch(url)).status).toBe(404)
  expect(await textOf(kept.url)).toBe('kept')
})

function givenStrayFile(app: TestApp, folder: string, ageMs: number, name = newBlobKey()): string {
  const path = join(app.dataDir, 'files', folder === 'tmp' ? 'tmp' : name.slice(0, 2))
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, name), 'stray')
  age(join(path, name), ageMs)
  return join(path, name)
}

function age(path: string, ageMs: number): void {
  const at = (Date.now() - ageMs) / 1000
  utimesSync(path, at, at)
}

test('bytes that nobody owns go: temporary ones after five minutes, blobs after a day, to quarantine; younger ones, owned ones and foreign files stay', async () => {
  const app = await makeApp()
  await app.storeOwnership.assertOwned()
  await givenFile(app, {}, 'owned')
  const [owned = ''] = stored(app)
  age(owned, 100 * HOUR)
  const young = [givenStrayFile(app, 'blob', 23 * HOUR), givenStrayFile(app, 'tmp', 4 * MINUTE)]
  const foreign = givenStrayFile(app, 'tmp', HOUR, 'notes.txt')
  const orphan = basename(givenStrayFile(app, 'blob', 25 * HOUR))
  givenStrayFile(app, 'tmp', 6 * MINUTE)

  const { orphans, unfinished } = await app.maintenance.clean()

  expect(orphans).toMatchObject({ blobs: 0, quarantined: { blobs: 1, bytes: 5 } })
  expect(unfinished).toEqual({ count: 1, bytes: 5 })
  const waiting = join(app.dataDir, 'files/quarantine', orphan)
  expect(stored(app).sort()).toEqual([owned, ...young, foreign, waiting].sort())
})

test('a stray blob that can’t be moved or deleted does not keep the others, and is tried again', async () => {
  const app = await makeApp()
  await app.storeOwnership.assertOwned()
  const strays = Array.from({ length: 5 }, () => givenStrayFile(app, 'blob', 25 * HOUR)).sort()
  const stuck = strays[1] as string
  execFileSync('chattr', ['+i', stuck])
  onTestFinished(() => void execFileSync('sh', ['-c', `chattr -i ${stuck} 2>/dev/null; true`]))

  for (let day = 0; day < 3; day += 1) {
    await app.maintenance.clean()
    app.advance(25 * HOUR)
  }
  expect(stored(app)).toEqual([stuck])

  execFileSync('chattr', ['-i', stuck])
  expect((await app.maintenance.clean()).orphans.quarantined.blobs).toBe(1)
})

test('a blob that can’t be deleted does not keep the others, and is tried again until it goes', async () => {
  const settings = await shared()
  const app = await makeApp(settings)
  const db = tablesOf(settings)
  const upload = await createUpload(app, { ttl: 60 })
  for (const name of ['a', 'b', 'c']) await addFile(app, upload, name, name)
  const [stuck = ''] = stored(app)
  unlinkSync(stuck)
  mkdirSync(join(stuck, 'something'), { recursive: true })

  app.advance(2 * HOUR)
  await app.maintenance.purge()
  await app.maintenance.purge()
  expect(stored(app)).toEqual([])
  expect(await db.selectFrom('files').select('status').orderBy('status').execute()).toEqual([
    { status: 'deleted' },
    { status: 'deleted' },
    { status: 'removed' },
  ])

  rmdirSync(join(stuck, 'something'))
  renameSync(stuck, `${stuck}.away`)
  writeFileSync(stuck, 'back')
  await app.maintenance.purge()
  expect(stored(app)).toEqual([])
  expect(await db.selectFrom('uploads').selectAll().execute()).toEqual([])
})

test('two servers that clean at once, twice, do what one would have done', async () => {
  const settings = await shared()
  const apps = [await makeApp(settings), await makeApp(settings)] as const
  const [app] = apps
  const db = tablesOf(settings)
  const kept = await givenFile(app, { ttl: 24 * 3600 }, 'kept')
  await givenRows(settings, app, 700)
  for (let index = 0; index < 20; index += 1) givenStrayFile(app, index % 2 === 0 ? 'tmp' : 'blob', 25 * HOUR)
  const cleanAll = () => Promise.all([...apps, ...apps].map(({ maintenance }) => maintenance.clean()))

  for (const { advance } of apps) advance(10 * MINUTE)
  await cleanAll()
  expect(stored(app).filter((path) => !path.includes('/quarantine/'))).toHaveLength(1)
  expect(await db.selectFrom('files').select('status').distinct().orderBy('status').execute()).toEqual([
    { status: 'deleted' },
    { status: 'uploaded' },
  ])

  for (const { advance } of apps) advance(2 * HOUR)
  await cleanAll()
  await cleanAll()
  expect(await db.selectFrom('uploads').select('id').execute()).toEqual([{ id: kept.upload.id }])
  expect(await textOf(kept.url)).toBe('kept')
})

/** The longest that anybody else had to wait while 2,000 uploads that ended together went. */
async function longestStall(): Promise<number> {
  const settings = await shared()
  const app = await makeApp(settings)
  await givenRows(settings, app, 2_000)
  app.advance(2 * HOUR)
  const delays = monitorEventLoopDelay({ resolution: 5 })

  delays.enable()
  const report = await app.maintenance.clean()
  delays.disable()

  expect(report).toMatchObject({ expired: 2_000, deletedFiles: 2_000, deletedUploads: 2_000, freedBytes: 8_000 })
  expect(stored(app)).toEqual([])
  return delays.max / 1e6
}

test('2,000 uploads that end together are deleted in steps that block no request', async () => {
  // Other load on the machine counts as well, so the best of three is the duration of the steps.
  const stalls = [await longestStall(), await longestStall(), await longestStall()]

  expect(Math.min(...stalls)).toBeLessThan(150)
}, 120_000)

/** Uploads of a minute's life, each with one file of 4 bytes. */
async function givenRows(settings: Shared, app: TestApp, count: number): Promise<void> {
  await app.storeOwnership.assertOwned()
  const { upload } = await givenFile(app, { ttl: 60 }, 'text')
  const db = tablesOf(settings)
  const template = {
    upload: await db.selectFrom('uploads').selectAll().where('id', '=', upload.id).executeTakeFirstOrThrow(),
    file: await db.selectFrom('files').selectAll().where('uploadId', '=', upload.id).executeTakeFirstOrThrow(),
  }
  const keys = Array.from({ length: count - 1 }, newBlobKey)
  for (const key of keys) givenStrayFile(app, 'blob', 0, key)
  for (let start = 0; start < keys.length; start += 500) {
    const batch = keys.slice(start, start + 500)
    await db
      .insertInto('uploads')
      .values(batch.map((id) => ({ ...template.upload, id })))
      .execute()
    await db
      .insertInto('files')
      .values(batch.map((id) => ({ ...template.file, id, uploadId: id, blobKey: id })))
      .execute()
  }
}

test('a clock that leaps ahead and back brings nothing back and takes nothing that is not due', async () => {
  const app = await makeApp()
  const due = await givenFile(app, { ttl: 60 }, 'due')
  const later = await givenFile(app, { ttl: 7200 }, 'later')

  app.advance(HOUR)
  await app.maintenance.clean()
  app.advance(-HOUR)
  await app.maintenance.clean()
  expect(await textOf(due.url)).toBe(`upload ${due.upload.id} has expired\n`)
  expect(await textOf(later.url)).toBe('later')

  app.advance(-24 * HOUR)
  await app.maintenance.clean()
  expect(await textOf(later.url)).toBe('later')

  app.advance(24 * HOUR + 7200 * SECOND)
  await app.maintenance.clean()
  expect(await textOf(later.url)).toBe(`upload ${later.upload.id} has expired\n`)
  expect(stored(app)).toEqual([])
})
