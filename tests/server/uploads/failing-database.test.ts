import { expect, test } from 'vitest'
import { jsonOf } from '../../helpers/answers.ts'
import { createUpload, fileForm } from '../../helpers/client.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { blobsOf } from '../images/given.ts'

/** An answer is given once the rows are there, and not before. */

test.each([
  ['a raw body', { method: 'PUT', body: 'hello' }, '/x.txt'],
  ['a form', { method: 'POST', body: fileForm('hello') }, '/'],
])('%s whose rows can not be written is not acknowledged, and its bytes do not stay', async (_, init, path) => {
  const { app, db } = await makeAppWithDatabase()
  await app.storeOwnership.assertOwned()
  await db.schema.alterTable('files').renameTo('elsewhere').execute()

  const { status } = await fetch(app.url + path, init)

  expect(status).toBe(500)
  await db.schema.alterTable('elsewhere').renameTo('files').execute()
  await app.letTimePass(2_000)
  expect(blobsOf(app)).toEqual([])
})

test('an upload whose rows can not be written is not promised', async () => {
  const { app, db } = await makeAppWithDatabase()
  await db.schema.alterTable('uploads').renameTo('elsewhere').execute()

  const refused = await fetch(`${app.url}/upload`, { method: 'POST', body: '{}' })
  await db.schema.alterTable('elsewhere').renameTo('uploads').execute()
  const { id } = await createUpload(app)

  expect(refused.status).toBe(500)
  expect(await jsonOf(fetch(`${app.url}/upload/${id}`))).toMatchObject({ id })
})
