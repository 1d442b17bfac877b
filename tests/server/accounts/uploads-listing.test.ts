import { expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { type CreatedUpload, fileForm } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'

/** Lists of uploads and their totals (Plik §1.3, §1.11, §8 no. 6). */

type Headers = Record<string, string>

interface Cursors {
  before: string | null
  after: string | null
}

interface UploadsPage {
  id: string
  results: { id: string; comments: string; files: { fileName: string }[]; token?: string; user?: string }[]
  total: number
}

async function upload(app: TestApp, headers: Headers, options: object = {}, ...sizes: number[]) {
  const body = JSON.stringify(options)
  const created = await jsonOf<CreatedUpload>(fetch(`${app.url}/upload`, { method: 'POST', headers, body }))
  const token = { 'X-UploadToken': created.uploadToken }
  for (const [index, size] of sizes.entries()) {
    const form = fileForm('x'.repeat(size), `${index}.txt`)
    await jsonOf(fetch(`${app.url}/file/${created.id}`, { method: 'POST', headers: token, body: form }))
  }
  app.advance(1000)
  return created
}

const page = (app: TestApp, headers: Headers, path: string) => jsonOf<UploadsPage>(fetch(app.url + path, { headers }))

const comments = ({ results }: UploadsPage) => results.map((listed) => listed.comments).join(' ')

async function tokenOf(app: TestApp, headers: Headers): Promise<string> {
  return (await jsonOf<{ token: string }>(fetch(`${app.url}/me/token`, { method: 'POST', headers }))).token
}

test('a user sees their own uploads with files, newest first (Plik /me/uploads)', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, DOWNLOAD_DOMAIN: 'https://dl.example.org' })
  const grace = await givenSession(app, 'grace')
  const edith = await givenSession(app, 'edith')
  await upload(app, grace.headers, { comments: 'first' }, 5, 6)
  await upload(app, edith.headers, { comments: 'hers' })
  await upload(app, {}, { comments: 'nobody’s' })
  await upload(app, grace.headers, { comments: 'second', password: 'geheim' })

  const listed = await page(app, grace.headers, '/me/uploads')

  expect(comments(listed)).toBe('second first')
  expect(listed.total).toBe(2)
  expect(listed.results[1]).toMatchObject({
    files: [{ fileName: '0.txt' }, { fileName: '1.txt' }],
    admin: true,
    downloadDomain: 'https://dl.example.org',
    user: 'local:grace',
    uploadIp: '127.0.0.1',
  })
  expect(listed.results[0]).toMatchObject({ files: [], protectedByPassword: true })
})

test('no list shows what opens an upload: token, password or login (Plik §8 no. 6)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const root = await givenSession(app, 'root', { isAdmin: true })
  const token = await tokenOf(app, root.headers)
  const created = await upload(app, { 'X-PlikToken': token }, { password: 'geheim', login: 'guest' })

  const texts = await Promise.all(
    ['/me/uploads', '/uploads', '/me/token', '/users', '/me'].map(async (path) => {
      const response = await fetch(app.url + path, { headers: root.headers })
      return response.text()
    }),
  )

  expect(texts.every((text) => text.startsWith('{'))).toBe(true)
  for (const secret of [created.uploadToken, token, 'geheim', 'guest', 'argon2', 'passwordHash'])
    expect(texts.join('\n')).not.toContain(secret)
})

test('expired and removed uploads are in no list', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const grace = await givenSession(app, 'grace', { isAdmin: true })
  await upload(app, grace.headers, { comments: 'expired', ttl: 10 })
  const removed = await upload(app, grace.headers, { comments: 'removed' })
  await upload(app, grace.headers, { comments: 'here', ttl: 3600 })
  await fetch(`${app.url}/upload/${removed.id}`, { method: 'DELETE', headers: grace.headers })
  app.advance(10_000)

  expect(comments(await page(app, grace.headers, '/me/uploads'))).toBe('here')
  expect(comments(await page(app, grace.headers, '/uploads'))).toBe('here')
})

test('a user asks for the uploads of one token, by its id or by the token itself (Plik ?token=)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const grace = await givenSession(app, 'grace')
  const edith = await givenSession(app, 'edith')
  const token = await tokenOf(app, grace.headers)
  await upload(app, { 'X-PlikToken': token }, { comments: 'by-token' })
  await upload(app, grace.headers, { comments: 'by-session' })

  const byToken = await page(app, grace.headers, `/me/uploads?token=${token}`)
  const byName = await page(app, grace.headers, `/me/uploads?token=${byToken.results[0]?.token}`)

  expect([byToken, byName].map(comments)).toEqual(['by-token', 'by-token'])
  expect(byToken.results[0]?.token).toMatch(/^[0-9a-f]{16}$/)
  for (const path of ['/me/uploads', '/me/stats'])
    expect(await answerOf(fetch(`${app.url}${path}?token=${token}`, { headers: edith.headers }))).toEqual([
      404,
      'token not found\n',
    ])
})

test('a user removes all own uploads, or those of one token (Plik DELETE /me/uploads)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const grace = await givenSession(app, 'grace')
  const edith = await givenSession(app, 'edith')
  const token = await tokenOf(app, grace.headers)
  await upload(app, { 'X-PlikToken': token }, {}, 5)
  await upload(app, grace.headers, {}, 5)
  await upload(app, grace.headers, {}, 5)
  const hers = await upload(app, edith.headers, {}, 5)
  const remove = (query: string) =>
    answerOf(fetch(`${app.url}/me/uploads${query}`, { method: 'DELETE', headers: grace.headers }))

  expect(await remove(`?token=${token}`)).toEqual([200, '1 uploads removed'])
  expect(await remove('')).toEqual([200, '2 uploads removed'])
  expect(await remove('')).toEqual([200, '0 uploads removed'])
  expect((await fetch(`${app.url}/upload/${hers.id}`)).status).toBe(200)
})

test('administrators see all, of one user or one token too (Plik /uploads)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const root = await givenSession(app, 'root', { isAdmin: true })
  const grace = await givenSession(app, 'grace')
  const token = await tokenOf(app, grace.headers)
  await upload(app, {}, { comments: 'anonymous' })
  await upload(app, grace.headers, { comments: 'session' })
  await upload(app, { 'X-PlikToken': token }, { comments: 'token' })
  const ask = async (query: string) => comments(await page(app, root.headers, `/uploads${query}`))

  expect(await ask('')).toBe('token session anonymous')
  expect(await ask('?user=local:grace')).toBe('token session')
  expect(await ask(`?token=${token}`)).toBe('token')
  expect(await ask('?user=local:nobody')).toBe('')
  expect(await ask('?token=unknown')).toBe('')
  expect(await answerOf(fetch(`${app.url}/uploads`, { headers: grace.headers }))).toEqual([
    403,
    'you need administrator privileges\n',
  ])
})

test('lists can be filtered by what uploads are (Plik 1.4)', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, FEATURE_EXTEND_TTL: 'enabled' })
  const { headers } = await givenSession(app, 'grace')
  await upload(app, headers, { comments: 'plain' })
  await upload(app, headers, { comments: 'oneShot', oneShot: true })
  await upload(app, headers, { comments: 'removable', removable: true })
  await upload(app, headers, { comments: 'stream', stream: true })
  await upload(app, headers, { comments: 'extendTTL', extend_ttl: true })
  await upload(app, headers, { comments: 'password', password: 'geheim' })
  await upload(app, headers, { comments: 'e2ee', e2ee: 'age' })
  const names = ['oneShot', 'removable', 'stream', 'extendTTL', 'password', 'e2ee']

  const found = await Promise.all(names.map((name) => page(app, headers, `/me/uploads?${name}=true`)))
  const without = await page(app, headers, `/me/uploads?${names.map((name) => `${name}=false`).join('&')}`)

  expect(found.map(comments)).toEqual(names)
  expect(found.map(({ total }) => total)).toEqual([1, 1, 1, 1, 1, 1])
  expect(comments(without)).toBe('plain')
})

test('lists can be sorted by size, page by page, and lose none that is empty (Plik §1.11, done better)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  await upload(app, headers, { comments: 'small' }, 10)
  await upload(app, headers, { comments: 'large' }, 60, 60)
  await upload(app, headers, { comments: 'empty' })
  await upload(app, headers, { comments: 'middle' }, 50)

  const first = await page(app, headers, '/me/uploads?sort=size&limit=3')
  const { after } = first as unknown as { after: string }

  expect(comments(first)).toBe('large middle small')
  expect(comments(await page(app, headers, `/me/uploads?sort=size&limit=3&after=${after}`))).toBe('empty')
})

test('totals count what can be downloaded (Plik /me/stats, /stats)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const root = await givenSession(app, 'root', { isAdmin: true })
  const grace = await givenSession(app, 'grace')
  const token = await tokenOf(app, grace.headers)
  await upload(app, grace.headers, { files: [{ fileName: 'missing' }] }, 10, 20)
  await upload(app, { 'X-PlikToken': token }, {}, 5)
  await upload(app, {}, {}, 100)
  const removed = await upload(app, grace.headers, {}, 1000)
  await fetch(`${app.url}/upload/${removed.id}`, { method: 'DELETE', headers: grace.headers })

  expect(await page(app, grace.headers, '/me/stats')).toMatchObject({ uploads: 2, files: 3, totalSize: 35 })
  expect(await page(app, grace.headers, `/me/stats?token=${token}`)).toMatchObject({
    uploads: 1,
    files: 1,
    totalSize: 5,
  })
  expect(await page(app, root.headers, '/me/stats')).toMatchObject({ uploads: 0, files: 0, totalSize: 0 })
  expect(await page(app, root.headers, '/stats')).toMatchObject({
    users: 2,
    uploads: 3,
    anonymousUploads: 1,
    files: 4,
    totalSize: 135,
    anonymousTotalSize: 100,
  })
  expect((await fetch(`${app.url}/stats`, { headers: grace.headers })).status).toBe(403)
  expect((await fetch(`${app.url}/stats`)).status).toBe(401)
})

test('lifetime totals are reported beside it (Plik 1.4, usage)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const root = await givenSession(app, 'root', { isAdmin: true })
  const grace = await givenSession(app, 'grace')
  const token = await tokenOf(app, grace.headers)
  const removed = await upload(app, grace.headers, {}, 1000)
  await fetch(`${app.url}/upload/${removed.id}`, { method: 'DELETE', headers: grace.headers })
  await upload(app, { 'X-PlikToken': token }, {}, 5)
  await upload(app, {}, {}, 100)
  const usageOf = async (headers: Record<string, string>, path: string) =>
    (await page(app, headers, path)) as unknown as Record<'usage' | 'anonymousUsage', Record<string, object>>

  const own = await usageOf(grace.headers, '/me/stats')
  const ofToken = await usageOf(grace.headers, `/me/stats?token=${token}`)
  const ofServer = await usageOf(root.headers, '/stats')

  expect(own.usage).toMatchObject({
    startedAt: expect.stringMatching(/Z$/),
    uploads: { total: 2, bytes: 1005, today: 2 },
    current: { uploads: 1, totalSize: 5 },
    lifetime: { uploads: 2, totalSize: 1005 },
  })
  expect(ofToken.usage.uploads).toEqual({ total: 1, bytes: 5 })
  expect(ofServer.usage.uploads).toMatchObject({ total: 3, bytes: 1105, today: 3 })
  expect(ofServer.anonymousUsage.uploads).toEqual({ total: 1, bytes: 100 })
})

test('lists can be sorted by downloads, and by their bytes (Plik 1.4)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  const often = await upload(app, headers, { comments: 'often' }, 10)
  const big = await upload(app, headers, { comments: 'big' }, 1000)
  await upload(app, headers, { comments: 'never' }, 10)
  for (const { id } of [often, often, big]) await (await fetch(`${app.url}/archive/${id}/a.zip`)).bytes()
  await page(app, headers, '/me/stats')

  expect(comments(await page(app, headers, '/me/uploads?sort=downloads'))).toBe('often big never')
  expect(comments(await page(app, headers, '/me/uploads?sort=downloadedBytes'))).toBe('big often never')
})

test('a search finds words in messages and in names of files, as they stand', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const grace = await givenSession(app, 'grace')
  await upload(app, grace.headers, { comments: 'Photos of the 100% party' }, 5)
  await upload(app, grace.headers, { comments: 'plans' }, 5, 6)
  const found = async (q: string) => comments(await page(app, grace.headers, `/me/uploads?q=${encodeURIComponent(q)}`))

  expect(await found('photos')).toBe('Photos of the 100% party')
  expect(await found('1.TXT')).toBe('plans')
  expect(await found('0.txt')).toBe('plans Photos of the 100% party')
  expect(await found('100%')).toBe('Photos of the 100% party')
  expect(await found('10_%')).toBe('')
})

test('a page ends early rather than hold more than a thousand files, and leads on and back', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  for (const count of [1000, 600, 300, 100])
    await upload(app, headers, { comments: `${count}`, files: Array(count).fill({ fileName: 'a' }) })
  const ask = (query: string) => page(app, headers, `/me/uploads?limit=1000${query}`) as Promise<UploadsPage & Cursors>

  const first = await ask('')
  const second = await ask(`&after=${first.after}`)
  const back = await ask(`&before=${second.before}`)

  expect([first, second, back].map(comments)).toEqual(['100 300 600', '1000', '100 300 600'])
  expect(second.results[0]?.files.length).toBe(1000)
  expect([first.total, first.before, second.after, back.before]).toEqual([4, null, null, null])
})
