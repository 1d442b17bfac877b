import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { migratedDatabase, temporaryFolder } from '../../helpers/database.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { type SpawnedServer, spawnServer } from '../../helpers/spawn-server.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { waitFor } from '../../helpers/wait.ts'
import { givenSender, givenStream, statusOf } from './given.ts'

/** Streams whose sender and reader reach different processes on one database. */

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const givenShared = async () => ({ DATA_DIR: temporaryFolder(), DATABASE_URL: await migratedDatabase() })

async function givenReplicas(): Promise<[TestApp, TestApp]> {
  const shared = await givenShared()
  return [await makeApp(shared), await makeApp(shared)]
}

/** Two processes of which the first can be killed. */
async function givenProcesses(): Promise<[SpawnedServer, SpawnedServer]> {
  const shared = await givenShared()
  const first = await spawnServer(shared)
  return [first, await spawnServer(shared)]
}

/** The same link on another replica. */
const on = ({ url }: { url: string }, link: string): string => url + new URL(link).pathname

test('a reader who reaches another replica is passed the bytes of the one that holds the sender', async () => {
  const [holder, other] = await givenReplicas()
  const content = randomBytes(3_000_000)
  const { upload, id, url } = await givenStream(holder, { fileType: 'image/png' })
  const sender = await givenSender(holder, upload, id, content)

  const reader = await fetch(on(other, url))

  expect(sha256(await reader.bytes())).toBe(sha256(content))
  expect(reader.headers.get('content-type')).toBe('image/png')
  expect(await (await sender.answer).json()).toMatchObject({ status: 'deleted', fileSize: 3_000_000 })
  expect(await answerOf(fetch(on(other, url)))).toEqual([404, `file a.bin (${id}) is not available : deleted\n`])
})

test('who waits for a stream that somebody else reads is told so', async () => {
  const [holder, other] = await givenReplicas()
  const { upload, id, url } = await givenStream(holder)
  const sender = await givenSender(holder, upload, id, randomBytes(20_000_000))
  const first = await fetch(url)

  expect((await fetch(`${on(other, url)}?wait=1`)).status).toBe(404)
  await first.bytes()
  expect((await sender.answer).status).toBe(200)
})

test('of two readers on two replicas one gets the stream', async () => {
  const [holder, other] = await givenReplicas()
  const { upload, id, url } = await givenStream(holder)
  const sender = await givenSender(holder, upload, id, randomBytes(20_000_000))

  const readers = await Promise.all([fetch(url), fetch(on(other, url))])
  const sizes = await Promise.all(readers.map(async (reader) => (await reader.bytes()).length))

  expect(readers.map(({ status }) => status).toSorted()).toEqual([200, 404])
  expect(Math.max(...sizes)).toBe(20_000_000)
  expect((await sender.answer).status).toBe(200)
})

test('when the reader leaves the other replica, the sender is told at once', async () => {
  const [holder, other] = await givenReplicas()
  const { upload, id, url } = await givenStream(holder)
  const sender = await givenSender(holder, upload, id, randomBytes(30_000_000))
  const leave = new AbortController()
  const response = await fetch(on(other, url), { signal: leave.signal })
  await response.body?.getReader().read()

  leave.abort()

  expect(await answerOf(sender.answer)).toEqual([400, 'the downloader disconnected before the end\n'])
  expect(await statusOf(other, upload)).toBe('deleted')
})

test('when the replica that holds the sender dies, the reader of the other sees a broken transfer', {
  timeout: 60_000,
}, async () => {
  const [holder, other] = await givenProcesses()
  const { upload, id, url } = await givenStream(holder)
  const sender = await givenSender(holder, upload, id, randomBytes(10_000_000))
  const lost = sender.answer.catch(() => 'lost')
  const response = await fetch(on(other, url))
  const body = response.body?.getReader()
  await body?.read()

  await holder.kill('SIGKILL')

  await expect(drain(body)).rejects.toThrow()
  expect(await lost).toBe('lost')
})

async function drain(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<void> {
  while (!(await reader?.read())?.done);
}

test('a reader is told when the replica that held the sender is gone', { timeout: 60_000 }, async () => {
  const [holder, other] = await givenProcesses()
  const { upload, id, url } = await givenStream(holder)
  const sender = await givenSender(holder, upload, id, randomBytes(10))
  const lost = sender.answer.catch(() => 'lost')
  await holder.kill('SIGKILL')

  expect(await answerOf(fetch(on(other, url)))).toEqual([
    503,
    'the server with the sender of this stream does not respond\n',
  ])
  expect(await lost).toBe('lost')
})

test('a stream that is deleted on another replica lets its sender wait no longer', async () => {
  const [holder, other] = await givenReplicas()
  const { upload, id, url } = await givenStream(holder)
  const sender = await givenSender(holder, upload, id, randomBytes(10))
  const headers = { 'X-UploadToken': upload.uploadToken }

  const answer = await fetch(on(other, url).replace('/file/', '/stream/'), { method: 'DELETE', headers })

  expect(await answerOf(answer)).toEqual([200, 'ok'])
  expect(await answerOf(sender.answer)).toEqual([400, 'the stream was cancelled\n'])
  await waitFor(async () => expect(await statusOf(holder, upload)).toBe('deleted'))
})

test('the port behind the streams gives nothing to whoever does not know the secret of a row', async () => {
  const { app, db } = await makeAppWithDatabase()
  const { upload, id } = await givenStream(app)
  const leave = new AbortController()
  await givenSender(app, upload, id, randomBytes(10), leave.signal)
  const { heldBy } = await db.selectFrom('files').select('heldBy').executeTakeFirstOrThrow()
  const { origin } = new URL(heldBy ?? '')

  expect((await fetch(`${origin}/${id}/`)).status).toBe(404)
  expect((await fetch(`${origin}/${id}/${'0'.repeat(64)}`, { method: 'DELETE' })).status).toBe(404)
  expect((await fetch(`${origin}/health`)).status).toBe(404)
  expect(await statusOf(app, upload)).toBe('uploading')
  expect(JSON.stringify(await jsonOf(fetch(`${app.url}/upload/${upload.id}`)))).not.toContain(origin)
  leave.abort()
})
