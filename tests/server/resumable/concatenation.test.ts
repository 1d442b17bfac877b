import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf } from '../../helpers/answers.ts'
import { createUpload } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { describe as described, head, metadata, offsetOf, patch, post } from './tus-requests.ts'

const HOUR = 60 * 60 * 1000

async function createPart(app: TestApp, content: string): Promise<string> {
  const created = await post(app, { 'Upload-Length': `${content.length}`, 'Upload-Concat': 'partial' })
  return described(app, created).url
}

async function givenPart(app: TestApp, content: string): Promise<string> {
  const url = await createPart(app, content)
  await patch(url, 0, content)
  return url
}

const joinParts = (app: TestApp, urls: string[], pairs: Record<string, string> = {}) =>
  post(app, {
    'Upload-Concat': `final;${urls.join(' ')}`,
    'Upload-Metadata': metadata({ filename: 'joined.txt', ...pairs }),
  })

const blobsOf = ({ dataDir }: TestApp): string[] =>
  readdirSync(join(dataDir, 'files'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\/[0-9a-f]{32}$/.test(path),
  )

test('parts that came on their own become one file, in the order that is asked for', async () => {
  const app = await makeApp()
  const urls = [await givenPart(app, 'wor'), await givenPart(app, 'hello '), await givenPart(app, 'ld')] as const

  const created = await joinParts(app, [urls[1], urls[0], urls[2]])

  expect(created.status).toBe(201)
  const { url, link } = described(app, created)
  const response = await fetch(link)
  expect(response.headers.get('repr-digest')).toBe('sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:')
  expect(await answerOf(response)).toEqual([200, 'hello world'])
  expect(await offsetOf(url)).toBe(11)
  expect((await head(url)).headers.get('upload-concat')).toBe(`final;${urls[1]} ${urls[0]} ${urls[2]}`)
  expect(await Promise.all(urls.map(offsetOf))).toEqual([404, 404, 404])
  expect(blobsOf(app).length).toBe(1)
})

test('a file that was joined takes no more', async () => {
  const app = await makeApp()
  const { url } = described(app, await joinParts(app, [await givenPart(app, 'hello')]))

  expect((await patch(url, 5, '!')).status).toBe(403)
})

test('parts fill a declared slot with the upload token', async () => {
  const app = await makeApp()
  const upload = await createUpload(app, { files: [{ fileName: 'joined.txt', reference: '0' }] })
  const pairs = { uploadId: upload.id, fileId: upload.files?.[0]?.id ?? '', uploadToken: upload.uploadToken }
  const urls = [await givenPart(app, 'hello '), await givenPart(app, 'world')]

  expect((await joinParts(app, urls, { ...pairs, uploadToken: 'wrong' })).status).toBe(403)
  const { link } = described(app, await joinParts(app, urls, pairs))

  expect(await answerOf(fetch(link))).toEqual([200, 'hello world'])
})

test('a part is no file: it can not be had, and says what it is', async () => {
  const app = await makeApp()

  const created = await post(app, { 'Upload-Length': '5', 'Upload-Concat': 'partial' })

  expect(created.headers.get('x-mayfly-link')).toBeNull()
  expect((await head(described(app, created).url)).headers.get('upload-concat')).toBe('partial')
})

test('what is not finished, unknown or a file already is not joined', async () => {
  const app = await makeApp()
  const unfinished = await createPart(app, 'hello')
  const file = described(app, await post(app, { 'Upload-Length': '5' }, 'hello')).url

  expect((await joinParts(app, [unfinished])).status).toBe(409)
  expect((await joinParts(app, [file])).status).toBe(409)
  expect((await joinParts(app, [`${app.url}/tus/unknown`])).status).toBe(404)
  expect((await post(app, { 'Upload-Concat': 'final' })).status).toBe(400)
})

test('a part that is named twice would make much of little, and is refused', async () => {
  const { app, db } = await makeAppWithDatabase()
  const url = await givenPart(app, 'hello')

  const answer = joinParts(app, [url, url])

  expect(await answerOf(answer)).toEqual([400, 'each part can be joined only once\n'])
  expect(await db.selectFrom('uploads').select('id').execute()).toEqual([])
  expect((await joinParts(app, [url])).status).toBe(201)
})

test('of many who join the same parts, those who are refused leave nothing that can be read', async () => {
  const { app, db } = await makeAppWithDatabase()
  const urls = [await givenPart(app, 'hello '), await givenPart(app, 'world')]

  const answers = await Promise.all(Array.from({ length: 8 }, () => joinParts(app, urls)))

  const joined = answers.filter(({ status }) => status === 201).map((answer) => described(app, answer).link)
  const bodies = await Promise.all(joined.map((link) => answerOf(fetch(link))))
  expect(bodies).toEqual(joined.map(() => [200, 'hello world']))
  const uploaded = await db.selectFrom('files').select('id').where('status', '=', 'uploaded').execute()
  expect(joined.length).toBeGreaterThan(0)
  expect(uploaded.length).toBe(joined.length)
})

test('parts are held to the size limit one by one and together', async () => {
  const app = await makeApp({ MAX_FILE_SIZE: '8B' })
  const json = { Accept: 'application/json' }
  const urls = [await givenPart(app, 'hello'), await givenPart(app, 'you')]

  expect((await post(app, { ...json, 'Upload-Concat': 'partial', 'Upload-Length': '9' })).status).toBe(413)
  expect((await joinParts(app, [...urls, await givenPart(app, '!')])).status).toBe(400)

  expect((await joinParts(app, urls)).status).toBe(201)
})

test('a server for users only takes no parts from strangers', async () => {
  const app = await makeApp({ FEATURE_AUTHENTICATION: 'forced' })

  expect((await post(app, { 'Upload-Length': '5', 'Upload-Concat': 'partial' })).status).toBe(403)
})

test("a user's parts are held to his limits, not to the server's", async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, MAX_FILE_SIZE: '8B' })
  const grace = await givenSession(app, 'grace', { maxFileSizeBytes: 100, maxUserSizeBytes: 10 })
  const partOf = (length: number) =>
    post(app, { ...grace.headers, 'Upload-Length': `${length}`, 'Upload-Concat': 'partial' })

  expect((await partOf(11)).status).toBe(400)
  expect((await partOf(10)).status).toBe(201)
})

test('parts that nobody joins go when their time is up', async () => {
  const app = await makeApp({ RESUME_WINDOW: '1h' })
  await givenPart(app, 'hello')
  expect(blobsOf(app).length).toBe(1)

  app.advance(HOUR)
  await app.housekeeping.clean()

  expect(blobsOf(app)).toEqual([])
})

test('finished parts outlive sweeps until their time is up', async () => {
  const app = await makeApp({ RESUME_WINDOW: '1h' })
  const url = await givenPart(app, 'hello')

  app.advance(HOUR - 1)
  await app.housekeeping.clean()

  const { link } = described(app, await joinParts(app, [url]))
  expect(await answerOf(fetch(link))).toEqual([200, 'hello'])
})
