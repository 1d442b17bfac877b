import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { Kysely, SqliteDialect, type SqliteStatement, type Transaction } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { columns } from '../../../server/database/columns.ts'
import { decorated } from '../../../server/database/dialect.ts'
import { migrate } from '../../../server/database/migrate.ts'
import type { Schema } from '../../../server/database/schema.ts'
import { createTransact } from '../../../server/database/transact.ts'
import { temporaryFolder } from '../../helpers/database.ts'
import { givenDatabase, givenLocation, givenUpload } from './given-database.ts'

type Trx = Transaction<Schema>

const insert = (id: string) => async (trx: Trx) => {
  await trx.insertInto('uploads').values(givenUpload(id)).execute()
  return id
}

const insertAndFail = (id: string) => async (trx: Trx) => {
  await insert(id)(trx)
  throw new Error(`${id} failed`)
}

async function givenTransact() {
  const location = await givenLocation()
  const { db, transact } = givenDatabase(location)
  await migrate(db)
  const other = givenDatabase(location)
  const ids = async () =>
    (await other.db.selectFrom('uploads').select('id').orderBy('id').execute()).map(({ id }) => id)
  return { transact, ids }
}

test('each of many parallel changes gets its own result', async () => {
  const { transact, ids } = await givenTransact()
  const names = Array.from({ length: 50 }, (_, index) => `upload${String(index).padStart(2, '0')}`)

  const results = await Promise.all(names.map((name) => transact(insert(name))))

  expect(results).toEqual(names)
  expect(await ids()).toEqual(names)
})

test('a change that is resolved can be seen by others at once', async () => {
  const { transact, ids } = await givenTransact()

  await transact(insert('a'))

  expect(await ids()).toEqual(['a'])
})

test('a change that fails leaves nothing, reports why, and does not affect the others', async () => {
  const { transact, ids } = await givenTransact()

  const results = await Promise.allSettled([transact(insert('a')), transact(insertAndFail('b')), transact(insert('c'))])

  expect(results).toEqual([
    { status: 'fulfilled', value: 'a' },
    { status: 'rejected', reason: new Error('b failed') },
    { status: 'fulfilled', value: 'c' },
  ])
  expect(await ids()).toEqual(['a', 'c'])
})

test('a change whose statement the database refuses does not affect the others', async () => {
  const { transact, ids } = await givenTransact()
  await transact(insert('taken'))

  const results = await Promise.allSettled([transact(insert('a')), transact(insert('taken')), transact(insert('c'))])

  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await ids()).toEqual(['a', 'c', 'taken'])
})

test('of parallel changes to one row none is lost', async () => {
  const { transact, ids } = await givenTransact()
  await transact(insert('a'))
  const increment = (trx: Trx) =>
    trx
      .updateTable('uploads')
      .set((eb) => ({ fileCount: eb('fileCount', '+', 1) }))
      .returning('fileCount')
      .executeTakeFirstOrThrow()

  const results = await Promise.all(Array.from({ length: 40 }, () => transact(increment)))

  const counts = results.map(({ fileCount }) => fileCount).sort((a, b) => a - b)
  expect(counts).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
  expect(await ids()).toEqual(['a'])
})

test('on SQLite, changes that are asked for together share a commit, so that one sync serves all', async () => {
  const sqlite = new BetterSqlite3(join(temporaryFolder(), 'm.db'))
  const statements: string[] = []
  const prepare = (text: string) => {
    statements.push(text)
    return sqlite.prepare(text) as unknown as SqliteStatement
  }
  const dialect = new SqliteDialect({ database: { prepare, close: () => void sqlite.close() } })
  const db = new Kysely<Schema>({
    dialect: decorated(dialect, { translate: (error) => error }),
    plugins: [columns],
  })
  onTestFinished(() => db.destroy())
  await migrate(db)
  const transact = createTransact(db, { group: true })
  statements.length = 0

  await Promise.all(Array.from({ length: 100 }, (_, index) => transact(insert(`upload${index}`))))

  expect(statements.filter((statement) => statement === 'commit')).toHaveLength(1)
})
