import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { addFile, createUpload, givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'

/** How long uploads live (Plik §3.5). */

test.for([
  ['absent', {}, 100],
  ['0', { ttl: 0 }, 100],
  ['1', { ttl: 1 }, 1],
  ['the maximum', { ttl: 200 }, 200],
] as const)('a TTL that is %s is granted, out of 100 by default and 200 at most', async ([, body, ttl]) => {
  const app = await makeApp({ DEFAULT_TTL: '100', MAX_TTL: '200' })

  const upload = await createUpload(app, body)

  expect(upload.ttl).toBe(ttl)
  expect(Date.parse(upload.expireAt as string) - Date.parse(upload.createdAt as string)).toBe(ttl * 1000)
})

test.for(['0', '-1', 'unlimited'])('with MAX_TTL %s a negative TTL never ends and is echoed as sent', async (max) => {
  const app = await makeApp({ MAX_TTL: max, DEFAULT_TTL: '100' })

  expect(await createUpload(app, { ttl: -1 })).toMatchObject({ ttl: -1, expireAt: null })
  expect(await createUpload(app, { ttl: -5 })).toMatchObject({ ttl: -5, expireAt: null })
  expect(await createUpload(app, { ttl: 0 })).toMatchObject({ ttl: 100 })
})

test('an infinite default applies if no time to live is given', async () => {
  const app = await makeApp({ MAX_TTL: '0', DEFAULT_TTL: 'unlimited' })

  expect(await createUpload(app)).toMatchObject({ ttl: -1, expireAt: null })
})

test('without a maximum, an end after the year 9999 is refused: Go could not read the date', async () => {
  const app = await makeApp({ MAX_TTL: '0' })

  expect(await createUpload(app, { ttl: 31_536_000_000 })).toMatchObject({ ttl: 31_536_000_000 })
  const response = await fetch(`${app.url}/upload`, { method: 'POST', body: '{"ttl":31536000001}' })
  expect(response.status).toBe(400)
})

test('with FEATURE_SET_TTL disabled no wish is an error, not even one past the maximum', async () => {
  const app = await makeApp({ FEATURE_SET_TTL: 'disabled', DEFAULT_TTL: '100', MAX_TTL: '200' })

  expect(await createUpload(app, { ttl: 201 })).toMatchObject({ ttl: 100 })
  expect(await createUpload(app, { ttl: -1 })).toMatchObject({ ttl: 100 })
})

test('every route says 404 "has expired" from the very second on, whether or not a job ran (Plik §2.2)', async () => {
  const app = await makeApp()
  const { upload, url } = await givenFile(app, { ttl: 60, removable: true })
  const path = `${app.url}/upload/${upload.id}`

  app.advance(60_000)

  const gone: [number, string] = [404, `upload ${upload.id} has expired\n`]
  expect(await answerOf(fetch(path))).toEqual(gone)
  expect(await answerOf(fetch(path, { headers: { 'X-UploadToken': upload.uploadToken } }))).toEqual(gone)
  expect(await answerOf(fetch(path, { method: 'DELETE' }))).toEqual(gone)
  expect(await answerOf(fetch(url))).toEqual(gone)
  expect(await answerOf(fetch(url, { method: 'DELETE' }))).toEqual(gone)
  expect(await answerOf(addFile(app, upload, 'more'))).toEqual(gone)
})

test('an expired upload still says so after a purge, and is unknown an hour later', async () => {
  const app = await makeApp()
  const { id } = await createUpload(app, { ttl: 60 })

  app.advance(60_000)
  await app.maintenance.purge()
  expect(await answerOf(fetch(`${app.url}/upload/${id}`))).toEqual([404, `upload ${id} has expired\n`])

  app.advance(3_600_001)
  await app.maintenance.purge()
  expect(await answerOf(fetch(`${app.url}/upload/${id}`))).toEqual([404, `upload ${id} not found\n`])
})

test('extend_ttl: each access resets the time to live (Plik §3.5)', async () => {
  const app = await makeApp({ FEATURE_EXTEND_TTL: 'enabled' })
  const { upload, url } = await givenFile(app, { ttl: 60, extend_ttl: true })
  const at = (iso: unknown) => Date.parse(iso as string)

  app.advance(50_000)
  const read = await jsonOf(fetch(`${app.url}/upload/${upload.id}`))
  expect(at(read.expireAt)).toBe(at(upload.createdAt) + 110_000)

  app.advance(50_000)
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(200)
  app.advance(50_000)
  expect((await addFile(app, upload, 'more')).status).toBe(200)
  app.advance(59_999)
  expect((await fetch(url)).status).toBe(200)
})

test('extend_ttl: a refused visitor does not prolong anything', async () => {
  const app = await makeApp({ FEATURE_EXTEND_TTL: 'enabled' })
  const { id } = await createUpload(app, { ttl: 60, extend_ttl: true, password: 'x' })

  app.advance(59_999)
  expect((await fetch(`${app.url}/upload/${id}`)).status).toBe(401)
  app.advance(1)

  expect(await answerOf(fetch(`${app.url}/upload/${id}`))).toEqual([404, `upload ${id} has expired\n`])
})

test('extend_ttl changes nothing for an upload without an end', async () => {
  const app = await makeApp({ FEATURE_EXTEND_TTL: 'forced', MAX_TTL: '0' })
  const { id } = await createUpload(app, { ttl: -1 })

  app.advance(1_000_000)

  expect(await jsonOf(fetch(`${app.url}/upload/${id}`))).toMatchObject({ expireAt: null, extend_ttl: true })
})
