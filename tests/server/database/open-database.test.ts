import fs, { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { sql } from 'kysely'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { migrate } from '../../../server/database/migrate.ts'
import { openDatabase } from '../../../server/database/open-database.ts'
import type { Trx } from '../../../server/database/transact.ts'
import type { ImageReport } from '../../../server/images/pipeline/image.ts'
import { createUpload } from '../../helpers/client.ts'
import { isPostgres, temporaryFolder } from '../../helpers/database.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { freePort } from '../../helpers/postgres-server.ts'
import { startServer } from '../../helpers/spawn-server.ts'
import { givenDatabase, givenLocation, givenUpload } from './given-database.ts'

afterEach(() => void vi.restoreAllMocks())

test('migrations can be applied again and again', async () => {
  const location = await givenLocation()
  const database = givenDatabase(location)
  await migrate(database.db)
  await sql`insert into uploads (id, status, token_hash, created_at, expires_at, ttl_seconds, extend_ttl, one_shot, removable, stream, comments, source_address) values ('u', 'active', 't', 1, null, 0, 0, 0, 0, 0, '', '')`.execute(
    database.db,
  )

  await migrate(database.db)
  await migrate(givenDatabase(location).db)

  expect(await database.db.selectFrom('uploads').select(['id', 'createdAt']).execute()).toEqual([
    { id: 'u', createdAt: 1 },
  ])
})

test('servers that start together on one database all come up', async () => {
  const location = await givenLocation()

  await Promise.all(Array.from({ length: 5 }, () => migrate(givenDatabase(location).db)))

  const { db } = givenDatabase(location)
  expect(await db.selectFrom('files').selectAll().execute()).toEqual([])
})

test('a migration that fails leaves nothing of itself, so that the next start can try again', async () => {
  const location = await givenLocation()
  const folder = temporaryFolder()
  const broken = `export async function up(db) {
    await db.schema.createTable('half').addColumn('id', 'text').execute()
    throw new Error('the power went')
  }`
  writeFileSync(join(folder, '0001_half.mjs'), broken)

  await expect(migrate(givenDatabase(location).db, folder)).rejects.toThrow('the power went')

  const { db } = givenDatabase(location)
  expect((await db.introspection.getTables()).map(({ name }) => name)).toEqual([])
})

test('a database of a newer version is refused with a message that says so, and stays as it is', async () => {
  const location = await givenLocation()
  const { db } = givenDatabase(location)
  await migrate(db)
  const applied = db.withTables<{ kysely_migration: { name: string; timestamp: string } }>()
  await applied.insertInto('kysely_migration').values({ name: '9999_the_future', timestamp: '2100-01-01' }).execute()

  await expect(migrate(givenDatabase(location).db)).rejects.toThrow(
    'The database is newer than this version of Mayfly: it has 9999_the_future. Start a newer version.',
  )

  const names = await applied.selectFrom('kysely_migration').select('name').orderBy('name').execute()
  expect(names.at(-1)).toEqual({ name: '9999_the_future' })
})

test('times and sizes come back as numbers', async () => {
  const { db } = givenDatabase(await givenLocation())
  await migrate(db)
  await sql`insert into uploads (id, status, token_hash, created_at, expires_at, ttl_seconds, extend_ttl, one_shot, removable, stream, comments, source_address) values ('u', 'active', 't', 1893456000000, 9007199254740991, 0, 0, 0, 0, 0, '', '')`.execute(
    db,
  )

  const row = await db.selectFrom('uploads').selectAll().executeTakeFirstOrThrow()

  expect(row).toMatchObject({ createdAt: 1_893_456_000_000, expiresAt: 9_007_199_254_740_991, oneShot: false })
})

test('flags and objects are stored as numbers and JSON, and read as they were written, by prepared look-ups too', async () => {
  const { db, prepare } = givenDatabase(await givenLocation())
  await migrate(db)
  const texts = { name: '[1]', reference: '', type: '' }
  const image: ImageReport = { format: 'png', status: 'stripped', removed: ['gps'], originalSize: 9 }
  await db
    .insertInto('uploads')
    .values(givenUpload('u', { oneShot: true }))
    .execute()
  for (const [position, file] of [{ image }, { image: null }].entries())
    await db
      .insertInto('files')
      .values({
        ...texts,
        ...file,
        id: `f${position}`,
        uploadId: 'u',
        position,
        status: 'missing',
        createdAt: 1,
        size: 2,
      })
      .execute()

  const stored = await sql`select one_shot, image, name from uploads, files where position = 0`.execute(
    db.withoutPlugins(),
  )
  expect(stored.rows).toEqual([{ one_shot: 1, image: JSON.stringify(image), name: '[1]' }])
  const written = { oneShot: true, extendTtl: false, uploadId: 'u', name: '[1]' }
  const query = db
    .selectFrom('uploads')
    .innerJoin('files', 'files.uploadId', 'uploads.id')
    .select(['oneShot', 'extendTtl', 'uploadId', 'name', 'image'])
    .where('oneShot', '=', true)
    .where('uploads.id', '=', 'u')
    .orderBy('position', 'desc')
  expect(await query.execute()).toEqual([
    { ...written, image: null },
    { ...written, image },
  ])
  const lookUp = prepare(db.selectFrom('files').selectAll().where('uploadId', '=', '').orderBy('position', 'desc'))
  expect(await lookUp('u')).toEqual(await db.selectFrom('files').selectAll().orderBy('position', 'desc').execute())
  expect(await lookUp('u')).toMatchObject([{ uploadId: 'u', image: null }, { image }])
})

test('one statement is good for many queries at once, with values of their own', async () => {
  const { db } = givenDatabase(await givenLocation())
  const ask = (value: number) => sql<{ value: number }>`select ${value} + 0 as value`.execute(db)

  const answers = await Promise.all(Array.from({ length: 600 }, (_, value) => ask(value)))

  expect(answers.map(({ rows }) => Number(rows[0]?.value))).toEqual(Array.from({ length: 600 }, (_, value) => value))
})

test('more kinds of queries than the statement cache holds do no harm', async () => {
  const { db } = givenDatabase(await givenLocation())

  for (let round = 0; round < 2; round += 1) {
    for (let kind = 0; kind < 600; kind += 1) {
      const { rows } = await sql<{ value: number }>`select ${sql.lit(kind)} as value`.execute(db)
      expect(rows).toEqual([{ value: kind }])
    }
  }
})

describe.runIf(isPostgres())('on PostgreSQL', () => {
  const raise = (code: string) =>
    sql.raw(`do $$ begin raise exception 'as a test says' using errcode = '${code}'; end $$`)

  test.each([
    '08006', // connection failure
    '53300', // too many connections
    '57P01', // the administrator stops the server
    '57P02', // another process of the server crashed
    '57P03', // the server is starting
    '40P01', // deadlock
    '55P03', // lock timeout
    '25006', // a standby
  ])('the error %s means that trying again helps', async (code) => {
    const { db } = givenDatabase(await givenLocation())

    await expect(raise(code).execute(db)).rejects.toMatchObject({ kind: 'unavailable', retryAfterSeconds: 2 })
  })

  test('a full disk is told apart, and an error of ours stays what it is whatever words it has', async () => {
    const { db } = givenDatabase(await givenLocation())

    await expect(raise('53100').execute(db)).rejects.toMatchObject({ kind: 'insufficient_storage' })
    await expect(sql`select connection_timeout`.execute(db)).rejects.toMatchObject({ code: '42703' })
  })

  test('a refused connection can be retried, and so can an unknown server name', async () => {
    const port = await freePort()
    for (const host of [`127.0.0.1:${port}`, 'nowhere.invalid']) {
      const { db } = givenDatabase({ kind: 'postgres', url: `postgres://app@${host}/app` })
      await expect(sql`select 1`.execute(db)).rejects.toMatchObject({ kind: 'unavailable' })
    }
  })

  test('migrations and copies of tables have no time limits, requests have', async () => {
    const location = await givenLocation()
    const limits = async (options?: { hasTimeLimits: boolean }) => {
      const database = openDatabase(location, options)
      onTestFinished(() => database.close())
      const names = ['statement_timeout', 'lock_timeout']
      return Promise.all(
        names.map(
          async (name) => (await sql<object>`show ${sql.raw(name)}`.execute(database.db.withoutPlugins())).rows[0],
        ),
      )
    }

    expect(await limits()).toEqual([{ statement_timeout: '10s' }, { lock_timeout: '2s' }])
    expect(await limits({ hasTimeLimits: false })).toEqual([{ statement_timeout: '0' }, { lock_timeout: '0' }])
  })
})

describe.skipIf(isPostgres())('on SQLite', () => {
  const location = () => ({ kind: 'sqlite' as const, file: join(temporaryFolder(), 'm.db') })
  const addTable = (trx: Trx) => sql`create table a (b)`.execute(trx)

  test('the log keeps what is not in the database yet, and foreign keys are checked', async () => {
    const { db } = givenDatabase({ ...location(), syncEachCommit: true })

    expect((await sql`pragma journal_mode`.execute(db)).rows).toEqual([{ journalMode: 'wal' }])
    expect((await sql`pragma synchronous`.execute(db)).rows).toEqual([{ synchronous: 1 }])
    expect((await sql`pragma foreign_keys`.execute(db)).rows).toEqual([{ foreignKeys: 1 }])
  })

  test('a commit is done once the log of the database is synced', async () => {
    const where = location()
    const { transact } = givenDatabase({ ...where, syncEachCommit: true })
    const synced: string[] = []
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    vi.spyOn(fs, 'fdatasync').mockImplementation((fd, done) => {
      synced.push(fs.readlinkSync(`/proc/self/fd/${fd}`))
      void held.then(() => done(null))
    })
    let isDone = false

    const committing = transact(addTable).then(() => (isDone = true))
    await vi.waitUntil(() => synced.length > 0)
    await new Promise(setImmediate)

    expect(synced).toEqual([`${where.file}-wal`])
    expect(isDone).toBe(false)
    release()
    await committing
  })

  test('a commit whose log can not be synced is refused, and the next one is not', async () => {
    const { db, transact } = givenDatabase({ ...location(), syncEachCommit: true })
    const broken = Object.assign(new Error('EIO'), { code: 'EIO' })
    vi.spyOn(fs, 'fdatasync').mockImplementationOnce((_fd, done) => done(broken))

    await expect(transact(addTable)).rejects.toMatchObject({ kind: 'unavailable' })

    await transact((trx) => sql`insert into a values (1)`.execute(trx))
    expect((await sql`select b from a`.execute(db)).rows).toEqual([{ b: 1 }])
  })

  test('nothing is synced where only the process may die', async () => {
    const { transact } = givenDatabase({ ...location(), syncEachCommit: false })
    const sync = vi.spyOn(fs, 'fdatasync')

    await transact(addTable)

    expect(sync).not.toHaveBeenCalled()
  })

  test('a power cut does not take the folders that a database is made in, nor what they hang in', () => {
    const home = temporaryFolder()
    const synced: string[] = []
    const { fsyncSync } = fs
    vi.spyOn(fs, 'fsyncSync').mockImplementation((fd) => {
      synced.push(fs.readlinkSync(`/proc/self/fd/${fd}`))
      fsyncSync(fd)
    })

    givenDatabase({ kind: 'sqlite', file: join(home, 'not', 'there', 'm.db'), syncEachCommit: true })

    expect(synced).toEqual([join(home, 'not'), home])
  })

  test('while another program holds the database, writing is refused within a bounded time, everything else continues, and it heals', async () => {
    const app = await makeApp()
    const { id } = await createUpload(app)
    const other = new BetterSqlite3(join(app.dataDir, 'mayfly.db'))
    onTestFinished(() => void other.close())
    other.exec('begin immediate')

    const startedAt = performance.now()
    const writes = Array.from({ length: 10 }, () => fetch(`${app.url}/upload`, { method: 'POST', body: '{}' }))
    const alive = await fetch(`${app.url}/health`)
    const aliveAfterMs = performance.now() - startedAt
    const answers = await Promise.all(writes)
    const refusedAfterMs = performance.now() - startedAt
    const read = await fetch(`${app.url}/upload/${id}`)
    other.exec('commit')
    const healed = await fetch(`${app.url}/upload`, { method: 'POST', body: '{}' })

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
    expect(await answers[0]?.text()).toBe('the database does not answer, please try again\n')
    expect(answers[0]?.headers.get('retry-after')).toBe('2')
    expect(alive.status).toBe(200)
    expect(aliveAfterMs).toBeLessThan(1_000)
    expect(refusedAfterMs).toBeLessThan(6_000)
    expect(read.status).toBe(200)
    expect(healed.status).toBe(200)
  })

  test('a database that is held for a moment only costs a moment', async () => {
    const app = await makeApp()
    const other = new BetterSqlite3(join(app.dataDir, 'mayfly.db'))
    onTestFinished(() => void other.close())
    other.exec('begin immediate')

    const writing = fetch(`${app.url}/upload`, { method: 'POST', body: '{}' })
    await fetch(`${app.url}/health`)
    other.exec('commit')

    expect((await writing).status).toBe(200)
  })

  test.each([
    ['an overwritten header', (file: string) => writeFileSync(file, 'garbage'.repeat(100), { flag: 'r+' })],
    ['a lost end', (file: string) => truncateSync(file, 5_000)],
    ['an overwritten middle', (file: string) => overwrite(file, 4096, 12_288)],
  ])('a database with %s stops the start in plain words, and is left as it was', async (_what, damage) => {
    const dataDir = temporaryFolder()
    const file = join(dataDir, 'mayfly.db')
    const database = givenDatabase({ kind: 'sqlite', file, syncEachCommit: false })
    await migrate(database.db)
    await database.close()
    damage(file)
    const before = readFileSync(file)

    const server = startServer({ DATA_DIR: dataDir })

    expect(await server.exited).toBe(1)
    expect(server.output()).toContain('is damaged or not an SQLite database; it was not changed')
    expect(readFileSync(file).equals(before)).toBe(true)
  })
})

function overwrite(file: string, start: number, end: number): void {
  const bytes = readFileSync(file)
  bytes.fill(0xa5, start, end)
  writeFileSync(file, bytes)
}
