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

test('a part is no file: it can not be downloaded, and says what it is', async () => {
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

test('parts that are joined many times at once, on two replicas, become one file', async () => {
  const { app, db } = await makeAppWithDatabase()
  const other = await makeApp({ DATA_DIR: app.dataDir, DATABASE_URL: app.databaseUrl })
  const urls = [await givenPart(app, 'hello '), await givenPart(app, 'world')]

  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      joinParts(index % 2 === 0 ? app : other, index % 3 === 0 ? urls.toReversed() : urls),
    ),
  )

  const [joined, ...more] = answers.filter(({ status }) => status === 201).map((answer) => described(app, answer).link)
  expect(more).toEqual([])
  expect(answers.filter(({ status }) => status === 404 || status === 423)).toHaveLength(29)
  expect(['hello world', 'worldhello ']).toContain(await (await fetch(joined ?? '')).text())
  expect(await db.selectFrom('files').select('status').execute()).toEqual([{ status: 'uploaded' }])
  expect(blobsOf(app)).toHaveLength(1)
})

test('parts that could not be joined can be joined again', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS })
  const urls = [await givenPart(app, 'hello '), await givenPart(app, 'world')]

  const refused = await joinParts(app, urls, { e2ee: 'age' })

  expect(await answerOf(refused)).toEqual([400, 'this upload takes only files that are encrypted with age\n'])
  const { link } = described(app, await joinParts(app, urls))
  expect(await answerOf(fetch(link))).toEqual([200, 'hello world'])
  expect(blobsOf(app)).toHaveLength(1)
})

test('parts are held to the size limit one by one and together', async () => {
  const app = await makeApp({ MAX_FILE_SIZE: '8B' })
  const json = { Accept: 'application/json' }
  const urls = [await givenPart(app, 'hello'), await givenPart(app, 'you')]

  expect((await post(app, { ...json, 'Upload-Concat': 'partial', 'Upload-Length': '9' })).status).toBe(413)
  expect((await joinParts(app, [...urls, await givenPart(app, '!')])).status).toBe(413)

  expect((await joinParts(app, urls)).status).toBe(201)
})

test('a server for users only takes no parts from strangers', async () => {
  const app = await makeApp({ FEATURE_AUTHENTICATION: 'forced' })

  expect((await post(app, { 'Upload-Length': '5', 'Upload-Concat': 'partial' })).status).toBe(403)
})

test("the parts of a user are limited by the user's limits, not by the server's", async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, MAX_FILE_SIZE: '8B' })
  const grace = await givenSession(app, 'grace', { maxFileSizeBytes: 100, maxUserSizeBytes: 10 })
  const partOf = (length: number) =>
    post(app, { ...grace.headers, 'Upload-Length': `${length}`, 'Upload-Concat': 'partial' })

  expect((await partOf(11)).status).toBe(413)
  expect((await partOf(10)).status).toBe(201)
})

test('parts that wait to be joined use the quota once, and so does the file', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS })
  const { headers } = await givenSession(app, 'grace', { maxUserSizeBytes: 10 })
  const part = (content: string) =>
    post(app, { ...headers, 'Upload-Concat': 'partial', 'Upload-Length': `${content.length}` }, content)
  const urls = [described(app, await part('hello')).url, described(app, await part('you!')).url]

  expect(await answerOf(part('no'))).toEqual([413, 'maximum user upload size reached. (10 B)\n'])
  const joined = await post(app, { ...headers, 'Upload-Concat': `final;${urls.join(' ')}` })

  expect(joined.status).toBe(201)
  expect((await part('no')).status).toBe(413)
  expect((await part('y')).status).toBe(201)
})

test('parts that are not joined are deleted when they expire', async () => {
  const app = await makeApp({ RESUME_WINDOW: '1h' })
  await givenPart(app, 'hello')
  expect(blobsOf(app).length).toBe(1)

  app.advance(HOUR)
  await app.maintenance.clean()

  expect(blobsOf(app)).toEqual([])
})

test('finished parts outlive sweeps until their time is up', async () => {
  const app = await makeApp({ RESUME_WINDOW: '1h' })
  const url = await givenPart(app, 'hello')

  app.advance(HOUR - 1)
  await app.maintenance.clean()

  const { link } = described(app, await joinParts(app, [url]))
  expect(await answerOf(fetch(link))).toEqual([200, 'hello'])
})
