import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf } from '../../helpers/answers.ts'
import { addFile, createUpload, fileForm } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { createRequest } from '../file-requests/given.ts'
import { createResumable, metadata, post } from '../resumable/tus-requests.ts'

/** Rows that strangers can fill a disk with: files that are declared and never sent, and what is made on a full disk. */

type Headers = Record<string, string>

const LIMITED = { MAX_DECLARED_FILES: '5', SOURCE_IP_HEADER: 'X-Real-IP' }
const REFUSAL: [number, string] = [429, 'too many files were declared and not sent yet, the limit is 5\n']

const declare = (app: TestApp, count: number, headers: Headers = {}) => {
  const files = Array.from({ length: count }, (_, index) => ({ fileName: `${index}.txt`, fileSize: 1 }))
  return fetch(`${app.url}/upload`, { method: 'POST', headers, body: JSON.stringify({ files }) })
}

test('an address declares no more files than the limit, over all of its uploads', async () => {
  const app = await makeApp(LIMITED)
  const here = { 'X-Real-IP': '192.0.2.1' }

  expect((await declare(app, 3, here)).status).toBe(200)
  const refused = await declare(app, 3, here)
  expect(await answerOf(refused)).toEqual(REFUSAL)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect((await declare(app, 2, here)).status).toBe(200)
  expect((await declare(app, 1, here)).status).toBe(429)
  expect((await declare(app, 0, here)).status).toBe(200)
  expect((await fetch(`${app.url}/`, { method: 'POST', headers: here, body: fileForm('x') })).status).toBe(200)
  expect((await declare(app, 5, { 'X-Real-IP': '192.0.2.2' })).status).toBe(200)
  expect((await declare(app, 6, { 'X-Real-IP': '192.0.2.3' })).status).toBe(429)
})

test('IPv6 addresses declare by their /64, and users by their account', async () => {
  const app = await makeApp({ ...LIMITED, ...WITH_ACCOUNTS })
  const grace = await givenSession(app, 'grace')
  const from = async (address: string, headers: Headers = {}) =>
    (await declare(app, 5, { ...headers, 'X-Real-IP': address })).status

  expect(await from('2001:db8::1')).toBe(200)
  expect(await from('2001:db8::2')).toBe(429)
  expect(await from('2001:db8::2', grace.headers)).toBe(200)
  expect(await from('192.0.2.1', grace.headers)).toBe(429)
})

test('a declared file stops counting when it is sent, removed or expired', async () => {
  const app = await makeApp(LIMITED)
  const sent = await createUpload(app, { files: [{ fileName: 'a' }, { fileName: 'b' }] })
  const removed = await createUpload(app, { files: [{ fileName: 'a' }, { fileName: 'b' }] })
  await createUpload(app, { ttl: 60, files: [{ fileName: 'a' }] })
  const [first, second] = sent.files as { id: string; fileName: string }[]
  const withToken = { 'X-UploadToken': sent.uploadToken }
  expect((await declare(app, 1)).status).toBe(429)

  const path = `${app.url}/file/${sent.id}/${first?.id}/a`
  expect((await fetch(path, { method: 'POST', headers: withToken, body: fileForm('x', 'a') })).status).toBe(200)
  expect((await declare(app, 1)).status).toBe(200)
  expect((await declare(app, 1)).status).toBe(429)

  await fetch(`${app.url}/file/${sent.id}/${second?.id}/b`, { method: 'DELETE', headers: withToken })
  await fetch(`${app.url}/upload/${removed.id}`, {
    method: 'DELETE',
    headers: { 'X-UploadToken': removed.uploadToken },
  })
  expect((await declare(app, 3)).status).toBe(200)
  expect((await declare(app, 1)).status).toBe(429)

  app.advance(60_000)
  await app.maintenance.clean()
  expect((await declare(app, 1)).status).toBe(200)
})

test('counting them takes the index, and no walk over all files', async () => {
  const { app, db } = await makeAppWithDatabase()
  if (app.databaseUrl !== 'sqlite') return // PostgreSQL decides by how much there is
  const plan = await sql<{
    detail: string
  }>`explain query plan select count(*) from files where declared_by = ${'x'} and status = 'missing'`.execute(db)

  expect(plan.rows.map(({ detail }) => detail).join()).toContain('files_declared')
})

test('on a full disk nothing is made that takes rows, and what there is can be read and removed', async () => {
  const settings = { RATE_LIMIT: 'off' }
  const app = await makeApp(settings)
  const upload = await createUpload(app, { files: [{ fileName: 'a' }] })
  const existing = { uploadId: upload.id, uploadToken: upload.uploadToken }
  await createResumable(app, 1, existing)
  const stream = await createUpload(app, { stream: true })
  const full = await makeApp({
    ...settings,
    DATA_DIR: app.dataDir,
    DATABASE_URL: app.databaseUrl,
    MIN_FREE_SPACE: '1000000GB',
    STREAM_TIMEOUT: '1s',
  })
  const withToken = { 'X-UploadToken': upload.uploadToken }

  const refused = [
    await declare(full, 0),
    await declare(full, 1),
    await fetch(`${full.url}/`, { method: 'POST', body: fileForm('x') }),
    await fetch(`${full.url}/a`, { method: 'PUT', body: 'x' }),
    await fetch(`${full.url}/file/${upload.id}`, { method: 'POST', headers: withToken, body: fileForm('x') }),
    await post(full, { 'Upload-Length': '1' }),
    await post(full, { 'Upload-Length': '1', 'Upload-Concat': 'partial' }),
    await post(full, { 'Upload-Length': '1', 'Upload-Metadata': metadata({ filename: 'b', ...existing }) }),
    await createRequest(full, upload),
    await addFile(full, stream, 'x'),
  ]

  expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 507))
  expect((await fetch(`${full.url}/upload/${upload.id}`)).status).toBe(200)
  expect((await fetch(`${full.url}/upload/${upload.id}`, { method: 'DELETE', headers: withToken })).status).toBe(200)
})
