import { hash } from 'node:crypto'
import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { jsonOf } from '../../helpers/answers.ts'
import { createUpload, givenFile } from '../../helpers/client.ts'
import { makeApp, sharedApp } from '../../helpers/make-app.ts'
import { storedFiles } from '../../helpers/stored-files.ts'
import { ask, get, type Question } from './ask.ts'
import { givenFiles } from './given.ts'

/** Headers for a proxy that sends files itself. `tests/e2e/nginx.test.ts` has the answers that clients see. */

const ACCELERATED = { ACCEL_REDIRECT: '/_mayfly/' }
/** Large enough to be worth it. */
const TEXT = 'hello'.repeat(10_000)
const ETAG = `"${hash('sha256', TEXT)}"`

const app = sharedApp(ACCELERATED)

describe('a trusted proxy gets', () => {
  test('the headers of a file, where its bytes are, and no bytes', async () => {
    const own = await makeApp(ACCELERATED)
    const { url } = await givenFile(own, {}, TEXT, 'note.txt')

    const { status, headers, body } = await get(url)

    const path = headers['x-accel-redirect']?.toString() ?? ''
    expect([status, body.length]).toEqual([200, 0])
    expect(path).toMatch(/^\/_mayfly\/[0-9a-f]{2}\/[0-9a-f]{32}$/)
    expect(storedFiles(own.dataDir)).toEqual([join(own.dataDir, 'files', path.slice('/_mayfly/'.length))])
    expect(headers).toMatchObject({
      etag: ETAG,
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': `inline; filename="note.txt"; filename*=UTF-8''note.txt`,
      'x-content-type-options': 'nosniff',
    })
  })

  test.each<[string, Question]>([
    ['a request for a small part', { headers: { Range: 'bytes=0-16382' } }],
    ['HEAD', { method: 'HEAD' }],
    ['several ranges', { headers: { Range: 'bytes=0-1,3-4' } }],
    ['a range that nginx would refuse', { headers: { Range: 'bytes=nonsense' } }],
    ['a range outside the file', { headers: { Range: 'bytes=99999-' } }],
    ['a range of another version', { headers: { Range: 'bytes=1-', 'If-Range': '"another"' } }],
    ['a copy that is good', { headers: { 'If-None-Match': ETAG } }],
    ['a condition that holds', { headers: { 'If-Match': ETAG } }],
  ])('the whole answer to %s', async (_, question) => {
    const { url } = await givenFile(app, {}, TEXT)

    expect((await ask(url, question)).headers).not.toHaveProperty('x-accel-redirect')
  })

  test('the bytes of limited files, archives and their parts, and the refusal of a lost file', async () => {
    const own = await makeApp(ACCELERATED)
    const limited = await Promise.all(
      [{ oneShot: true }, { maxDownloads: 2 }].map((options) => givenFile(own, options, TEXT)),
    )
    const { archive } = await givenFiles(own, {}, [['a.txt', TEXT]])
    const part = { Range: 'bytes=100-40000' }

    const answers = await Promise.all([...limited.map(({ url }) => get(url)), get(archive), get(archive, part)])
    for (const file of storedFiles(own.dataDir)) unlinkSync(file)
    const lost = await givenFile(own, {}, TEXT)
    for (const file of storedFiles(own.dataDir)) unlinkSync(file)
    const plain = await makeApp()
    const lostThere = await givenFile(plain, {}, TEXT)
    for (const file of storedFiles(plain.dataDir)) unlinkSync(file)

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 206])
    for (const { headers, body } of answers) {
      expect(headers).not.toHaveProperty('x-accel-redirect')
      expect(body.length).toBe(Number(headers['content-length']))
    }
    expect((await get(lost.url)).status).toBe((await get(lostThere.url)).status)
  })
})

test('a client that is no trusted proxy gets the bytes, and no path', async () => {
  const direct = await makeApp({ ...ACCELERATED, TRUSTED_PROXIES: '127.0.0.2' })
  const { url } = await givenFile(direct, {}, TEXT)

  const { headers, body } = await get(url, { 'X-Forwarded-For': '127.0.0.2' })

  expect(body.toString()).toBe(TEXT)
  expect(headers).not.toHaveProperty('x-accel-redirect')
})

test('a file counts when the proxy gets it, parts once they are all of it', async () => {
  const own = await makeApp(ACCELERATED)
  const { upload, url } = await givenFile(own, {}, TEXT)
  const count = () =>
    jsonOf(fetch(`${own.url}/upload/${upload.id}`, { headers: { 'X-UploadToken': upload.uploadToken } }))

  await get(url, { Range: 'bytes=20000-' })
  expect(await count()).toMatchObject({ downloadCount: 0, downloadedBytes: 30_000 })
  await get(url, { Range: 'bytes=0-19999' })
  expect(await count()).toMatchObject({ downloadCount: 1, downloadedBytes: 50_000 })
  await get(url)
  expect(await count()).toMatchObject({ downloadCount: 2, downloadedBytes: 100_000 })
})

test('a file that is still coming in has no path', async () => {
  const upload = await createUpload(app, { files: [{ fileName: 'a.txt' }] })

  const { status, headers } = await get(`${app.url}/file/${upload.id}/${upload.files?.[0]?.id}/a.txt`)

  expect(status).toBe(404)
  expect(headers).not.toHaveProperty('x-accel-redirect')
})
