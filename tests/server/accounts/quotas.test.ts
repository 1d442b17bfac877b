import { expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { type CreatedUpload, fileForm } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { head, rawClient } from '../../helpers/raw-client.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { describe as described, metadata, patch, terminate, post as tus } from '../resumable/tus-requests.ts'

/** What a user may upload, and keep here at a time (Plik §3.5, §3.6, §8 no. 7 and 20). */

type Headers = Record<string, string>

const create = (app: TestApp, headers: Headers, body: object = {}) =>
  fetch(`${app.url}/upload`, { method: 'POST', headers, body: JSON.stringify(body) })

const createdBy = (app: TestApp, headers: Headers, body: object = {}) =>
  jsonOf<CreatedUpload>(create(app, headers, body))

const add = (app: TestApp, { id }: CreatedUpload, headers: Headers, size: number) =>
  fetch(`${app.url}/file/${id}`, { method: 'POST', headers, body: fileForm('x'.repeat(size)) })

const quick = (app: TestApp, headers: Headers, ...sizes: number[]) => {
  const form = new FormData()
  for (const size of sizes) form.append('file', new Blob(['x'.repeat(size)]), 'file.txt')
  return fetch(`${app.url}/`, { method: 'POST', headers, body: form })
}

const FULL = [400, 'maximum user upload size reached. (100 B)\n']

const statusesOf = async (answers: Promise<Response>[]) =>
  (await Promise.all(answers)).map(({ status }) => status).sort((a, b) => a - b)

test('a user may store as much as the quota, and not a byte more (Plik §3.6)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace', { maxUserSizeBytes: 100 })
  const upload = await createdBy(app, headers)

  expect((await add(app, upload, headers, 90)).status).toBe(200)
  expect(await answerOf(add(app, upload, headers, 11))).toEqual(FULL)
  expect((await add(app, upload, headers, 10)).status).toBe(200)
  expect(await answerOf(add(app, upload, headers, 1))).toEqual(FULL)
})

test('a file for which there is no room is refused before any of it is sent', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace', { maxUserSizeBytes: 100 })
  await add(app, await createdBy(app, headers), headers, 60)
  const client = await rawClient(app.url)

  await client.send(head('PUT', '/x.bin', { ...headers, 'Content-Length': 41 }))

  const { status, body } = await client.answer()
  expect([status, body]).toEqual(FULL)
})

test('who shows the upload token only uploads at the expense of its owner (Plik §8 no. 7)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace', { maxUserSizeBytes: 100, maxFileSizeBytes: 50 })
  const upload = await createdBy(app, headers)
  const token = { 'X-UploadToken': upload.uploadToken }

  expect(await answerOf(add(app, upload, token, 51))).toEqual([400, 'file too big (limit is set to 50 B)\n'])
  expect(await statusesOf([add(app, upload, token, 50), add(app, upload, token, 50)])).toEqual([200, 200])
  expect(await answerOf(add(app, upload, token, 1))).toEqual(FULL)
})

test('parallel uploads do not pass the quota together', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace', { maxUserSizeBytes: 100 })
  const uploads = await Promise.all(Array.from({ length: 10 }, () => createdBy(app, headers)))

  const statuses = await statusesOf(uploads.map((upload) => add(app, upload, headers, 30)))

  expect(statuses).toEqual([...Array(3).fill(200), ...Array(7).fill(400)])
})

test('parallel quick uploads do not pass it either, of one file or several', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace', { maxUserSizeBytes: 100 })
  const { headers: other } = await givenSession(app, 'edith', { maxUserSizeBytes: 100 })

  const single = await statusesOf(Array.from({ length: 8 }, () => quick(app, headers, 30)))
  const double = await statusesOf(Array.from({ length: 8 }, () => quick(app, other, 20, 10)))

  expect(single).toEqual([...Array(3).fill(200), ...Array(5).fill(400)])
  expect(double.filter((status) => status === 200).length).toBeLessThanOrEqual(3)
  expect(double.slice(-5)).toEqual(Array(5).fill(400))
})

test('declared sizes must fit before a byte is sent (Plik §3.6)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace', { maxUserSizeBytes: 100 })
  const files = (...sizes: number[]) => ({ files: sizes.map((fileSize) => ({ fileName: 'a', fileSize })) })
  await add(app, await createdBy(app, headers), headers, 40)

  expect((await create(app, headers, files(30, 30))).status).toBe(200)
  expect(await answerOf(create(app, headers, files(30, 31)))).toEqual([
    400,
    'unable to create upload : maximum user upload size reached. (100 B)\n',
  ])
})

test('what is removed, expired or downloaded for the last time makes room again', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace', { maxUserSizeBytes: 100 })
  const first = await createdBy(app, headers)
  await add(app, first, headers, 100)
  await fetch(`${app.url}/upload/${first.id}`, { method: 'DELETE', headers })

  const second = await createdBy(app, headers, { ttl: 60 })
  expect((await add(app, second, headers, 100)).status).toBe(200)
  app.advance(60_000)

  const third = await createdBy(app, headers, { oneShot: true })
  const file = await jsonOf(add(app, third, headers, 100))
  await (await fetch(`${app.url}/file/${third.id}/${file.id}/file.txt`)).text()

  expect((await add(app, third, headers, 100)).status).toBe(200)
})

test('of -1 there is no quota, of 0 it is the server’s, and strangers have none (Plik §3.6)', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, MAX_USER_SIZE: '100B' })
  const { headers: free } = await givenSession(app, 'grace', { maxUserSizeBytes: -1 })
  const { headers: usual } = await givenSession(app, 'edith')

  expect((await quick(app, free, 101)).status).toBe(200)
  expect(await answerOf(quick(app, usual, 101))).toEqual(FULL)
  expect((await quick(app, {}, 101)).status).toBe(200)
})

test('a user has a maximum file size of their own, when declared and when it comes (Plik §3.6)', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, MAX_FILE_SIZE: '10B' })
  const { headers } = await givenSession(app, 'grace', { maxFileSizeBytes: 20 })
  const { headers: free } = await givenSession(app, 'edith', { maxFileSizeBytes: -1 })
  const declared = (fileSize: number) => ({ files: [{ fileName: 'a', fileSize }] })

  expect((await quick(app, headers, 20)).status).toBe(200)
  expect(await answerOf(quick(app, headers, 21))).toEqual([400, 'file too big (limit is set to 20 B)\n'])
  expect((await create(app, headers, declared(20))).status).toBe(200)
  expect(await answerOf(create(app, headers, declared(21)))).toEqual([
    400,
    'unable to create upload : file is too big (21 B), maximum file size is 20 B\n',
  ])
  expect((await quick(app, free, 1000)).status).toBe(200)
  expect((await quick(app, {}, 11)).status).toBe(400)
})

test('a user has a maximum time to live of their own, which limits the default (Plik §3.5, done better)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace', { maxTtlSeconds: 60 })
  const { headers: free } = await givenSession(app, 'edith', { maxTtlSeconds: -1 })

  expect(await createdBy(app, headers)).toMatchObject({ ttl: 60 })
  expect(await createdBy(app, headers, { ttl: 60 })).toMatchObject({ ttl: 60 })
  expect(await answerOf(create(app, headers, { ttl: 61 }))).toEqual([
    400,
    'unable to create upload : invalid TTL. (maximum allowed is : 60)\n',
  ])
  expect(await createdBy(app, free, { ttl: -1 })).toMatchObject({ ttl: -1, expireAt: null })
})

test('who keeps more than a quota that was lowered has no room, and not less than none (tus)', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, MAX_USER_SIZE: '100B' })
  const { headers } = await givenSession(app, 'grace')
  expect((await quick(app, headers, 100)).status).toBe(200)
  const lowered = await makeApp({
    ...WITH_ACCOUNTS,
    MAX_USER_SIZE: '90B',
    DATABASE_URL: app.databaseUrl,
    DATA_DIR: app.dataDir,
  })

  const part = { ...headers, 'Upload-Concat': 'partial', 'Upload-Length': '1' }
  expect(await answerOf(tus(lowered, part))).toEqual([413, 'maximum user upload size reached. (90 B)\n'])
})

test('uploads that continue where they broke off pay, too, and do not pass the quota together (tus)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace', { maxUserSizeBytes: 100 })
  const send = (length: number) => tus(app, { ...headers, 'Upload-Length': `${length}` }, 'x'.repeat(length))

  expect(await answerOf(send(101))).toEqual([413, FULL[1]])
  const statuses = await statusesOf(Array.from({ length: 6 }, () => send(30)))

  expect(statuses.filter((status) => status === 201)).toHaveLength(3)
  expect(await jsonOf(fetch(`${app.url}/me/stats`, { headers }))).toMatchObject({ files: 3, totalSize: 90 })
})

test('what was announced at the same time and refused leaves nothing behind (P23)', async () => {
  const { app, db } = await makeAppWithDatabase(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace', { maxUserSizeBytes: 100 })
  const { id, files } = await createdBy(app, headers, { files: [{ fileName: 'file.txt' }] })
  const declared = metadata({ uploadid: id, fileid: files?.[0]?.id ?? '', filename: 'file.txt' })
  const announce = (rest: Headers) => tus(app, { ...headers, 'Upload-Length': '60', ...rest })

  const created = await Promise.all([announce({}), announce({}), announce({ 'Upload-Metadata': declared })])

  expect(created.map(({ status }) => status).sort()).toEqual([201, 413, 413])
  const kept = created[2]?.status === 201 ? [id] : [id, expect.any(String)]
  expect(await db.selectFrom('uploads').select('id').where('status', '=', 'active').execute()).toHaveLength(kept.length)
  expect(await db.selectFrom('files').select('id').where('status', '=', 'uploading').execute()).toHaveLength(1)
  expect(await db.selectFrom('resumables').select('id').execute()).toHaveLength(1)
})

test('unfinished uploads use the quota from their announcement on, until they are terminated or their time is up', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, RESUME_WINDOW: '1h' })
  const { headers } = await givenSession(app, 'grace', { maxUserSizeBytes: 100 })
  const announce = (size: number) => tus(app, { ...headers, 'Upload-Length': `${size}` })
  const created = await Promise.all([announce(60), announce(60), announce(60)])
  const accepted = created.filter(({ status }) => status === 201)
  const upload = await createdBy(app, headers)

  expect(accepted).toHaveLength(1)
  expect(await answerOf(add(app, upload, headers, 41))).toEqual(FULL)
  expect((await add(app, upload, headers, 10)).status).toBe(200)
  expect((await announce(31)).status).toBe(413)

  await terminate(described(app, accepted[0] as Response).url)
  expect((await announce(90)).status).toBe(201)
  app.advance(60 * 60 * 1000)
  expect((await announce(90)).status).toBe(201)
})

test('uploads of unknown length keep no more together than one alone', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace', { maxUserSizeBytes: 100 })
  const create = async () => described(app, await tus(app, { ...headers, 'Upload-Defer-Length': '1' })).url
  const urls = await Promise.all(Array.from({ length: 5 }, create))

  const answers = await Promise.all(urls.map((url) => patch(url, 0, 'x'.repeat(60))))
  const [taken] = answers.filter(({ status }) => status === 204).map(({ url }) => url)

  expect(answers.map(({ status }) => status).sort()).toEqual([204, 413, 413, 413, 413])
  expect((await patch(taken as string, 60, 'x'.repeat(40))).status).toBe(204)
  expect((await patch(taken as string, 100, 'x')).status).toBe(413)
})
