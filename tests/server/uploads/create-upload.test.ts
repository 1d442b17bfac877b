import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { createUpload } from '../../helpers/client.ts'
import { sharedApp, type TestApp } from '../../helpers/make-app.ts'

const app = sharedApp()

/** What `POST /upload` answers (Plik §1.3, §1.4). */

const post = (app: TestApp, body: object, headers: Record<string, string> = {}) =>
  fetch(`${app.url}/upload`, { method: 'POST', body: JSON.stringify(body), headers })

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

test('a new upload has exactly the fields of Plik, in its order, and those of 1.4 (Plik §1.3)', async () => {
  const response = await post(app, {})
  const text = await response.text()
  const upload = JSON.parse(text)

  expect(response.status).toBe(200)
  expect(Object.keys(upload)).toEqual([
    ...['id', 'ttl', 'extend_ttl', 'downloadDomain', 'comments', 'files', 'uploadToken', 'admin', 'stream', 'oneShot'],
    ...['removable', 'protectedByPassword', 'createdAt', 'expireAt', 'downloadCount', 'downloadedBytes'],
  ])
  expect(upload).toMatchObject({ ttl: 2_592_000, extend_ttl: false, downloadDomain: '', comments: '', files: null })
  expect(upload).toMatchObject({ admin: true, stream: false, oneShot: false, removable: false })
  expect(upload.createdAt).toMatch(RFC_3339)
  expect(Date.parse(upload.expireAt) - Date.parse(upload.createdAt)).toBe(2_592_000_000)
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(text).not.toContain('\n') // Plik's shell client reads it by lines
  expect(text).not.toMatch(/":-?\d+[.eE]/) // Go's decoder takes no such number for a whole one
})

test('a declared file has exactly the fields of Plik, in its order, and that of 1.4 (Plik §1.3)', async () => {
  const upload = await createUpload(app, {
    files: [{ fileName: 'a.txt', fileSize: 3, fileType: 'text/plain', reference: '0' }],
  })

  const [file] = upload.files ?? []
  expect(Object.entries(file ?? {})).toEqual([
    ['id', expect.stringMatching(/^[A-Za-z0-9]{16}$/)],
    ['fileName', 'a.txt'],
    ['status', 'missing'],
    ['fileMd5', ''],
    ['fileType', 'text/plain'],
    ['fileSize', 3],
    ['reference', '0'],
    ['createdAt', expect.stringMatching(RFC_3339)],
    ['downloadCount', 0],
  ])
})

test('no key of an answer but `id` contains "id", by which the shell client would find it (Plik §6.4)', async () => {
  const upload = await createUpload(app, { maxDownloads: 2, password: 'x', files: [{ fileName: 'a' }] })

  const keys = [...Object.keys(upload), ...Object.keys(upload.files?.[0] ?? {})]
  expect(keys.filter((key) => key.includes('id'))).toEqual(['id', 'id'])
})

test('files are null when none was declared, and a list afterwards (Plik §1.3)', async () => {
  const none = await createUpload(app)
  const empty = await createUpload(app, { files: [] })

  expect([none.files, empty.files]).toEqual([null, null])
  expect(await jsonOf(fetch(`${app.url}/upload/${none.id}`))).toMatchObject({ files: [] })
})

test('declared files keep their order, references are echoed as they came, also twice (Plik §1.4)', async () => {
  const files = [
    { fileName: 'z', reference: '0' },
    { fileName: 'a', reference: '0' },
    { fileName: 'a', reference: ' <b>"中文"\n' },
  ]

  const upload = await createUpload(app, { files })

  const expected = [
    ['z', '0'],
    ['a', '0'],
    ['a', ' <b>"中文"\n'],
  ]
  expect(upload.files?.map(({ fileName, reference }) => [fileName, reference])).toEqual(expected)
  const { files: listed } = await jsonOf<typeof upload>(fetch(`${app.url}/upload/${upload.id}`))
  expect(listed).toEqual(upload.files)
})

test('what the server decides can not be set: id, token, dates, domain, status … (Plik §1.4)', async () => {
  const forbidden = {
    id: 'chosenchosenchos',
    uploadToken: 'chosen',
    admin: false,
    downloadDomain: 'https://evil.example',
    uploadIp: '6.6.6.6',
    user: 'root',
    token: 'chosen',
    createdAt: '0001-01-01T00:00:00Z',
    expireAt: null,
    protectedByPassword: true,
    files: [{ id: 'chosen', fileName: 'a', status: 'uploaded', fileMd5: 'chosen', createdAt: '0001-01-01T00:00:00Z' }],
  }

  const upload = await createUpload(app, forbidden)

  expect(JSON.stringify(upload)).not.toMatch(/chosen|evil|6\.6\.6\.6|root|0001/)
  expect(upload).toMatchObject({ admin: true, downloadDomain: '', protectedByPassword: false })
  expect(upload.expireAt).toMatch(RFC_3339)
  expect(upload.files).toMatchObject([{ status: 'missing', fileMd5: '' }])
})

test('names are cleaned when they are declared, so that they can be uploaded (Plik §8.9)', async () => {
  const upload = await createUpload(app, {
    files: [{ fileName: '../../etc/passwd' }, { fileName: 'gpj\u202Eexe.txt' }, { fileName: 'a\\b' }],
  })

  expect(upload.files?.map(({ fileName }) => fileName)).toEqual(['passwd', 'gpjexe.txt', 'a\\b'])
})

test('a negative declared size counts as unknown', async () => {
  const upload = await createUpload(app, { files: [{ fileName: 'a', fileSize: -1 }] })

  expect(upload.files).toMatchObject([{ fileSize: 0 }])
})

test('the shape before Plik 1.3 is answered in kind: files are an object by id (Plik §1.4, ShareX)', async () => {
  const files = { '0': { fileName: 'v1.txt', fileSize: 3, fileType: 'text/plain' } }

  const upload = await jsonOf(post(app, { files, ttl: 60, comments: null, login: null, password: null }))

  expect(Object.keys(upload)).toEqual([
    ...['id', 'uploadDate', 'ttl', 'downloadDomain', 'comments', 'files', 'uploadToken', 'admin', 'stream', 'oneShot'],
    ...['removable', 'protectedByPassword', 'protectedByYubikey'],
  ])
  expect(upload).toMatchObject({ ttl: 60, comments: '', admin: false, protectedByYubikey: false })
  expect(Math.abs((upload.uploadDate as number) - Date.now() / 1000)).toBeLessThan(10)
  const [[id, file] = []] = Object.entries(upload.files as object)
  expect(file).toMatchObject({ id, fileName: 'v1.txt', status: 'missing', fileSize: 3 })
})

test('an empty object of files is the old shape too; GET always answers in the new one (Plik §1.4)', async () => {
  const upload = await jsonOf(post(app, { files: {} }))

  expect(upload.files).toEqual({})
  expect(await jsonOf(fetch(`${app.url}/upload/${upload.id}`))).toMatchObject({ files: [], extend_ttl: false })
})

test('a bad date does not change the shape of the answer', async () => {
  expect(await jsonOf(post(app, { createdAt: '', files: [{ fileName: 'a', createdAt: '' }] }))).toHaveProperty(
    'expireAt',
  )
})

test('maxDownloads is told when it says more than oneShot does', async () => {
  expect(await createUpload(app, { maxDownloads: 3 })).toMatchObject({ maxDownloads: 3, oneShot: false })
  expect(await createUpload(app, { maxDownloads: 0 })).not.toHaveProperty('maxDownloads')
  expect(await createUpload(app, { maxDownloads: 3, oneShot: true })).not.toHaveProperty('maxDownloads')
})

test('with a password, the header that opens the upload is told, with the login that counts (Plik §1.4, §3.7)', async () => {
  const own = await post(app, { login: 'ann', password: 'geheim' })
  const defaulted = await post(app, { password: 'geheim' })
  const open = await post(app, { login: 'ann' })

  expect(own.headers.get('authorization')).toBe(`Basic ${btoa('ann:geheim')}`)
  expect(defaulted.headers.get('authorization')).toBe(`Basic ${btoa('plik:geheim')}`)
  expect(open.headers.get('authorization')).toBe(null)
  expect(await open.json()).toMatchObject({ protectedByPassword: false })
})

test('neither login nor password come back, to nobody (Plik §6.2)', async () => {
  const upload = await createUpload(app, { login: 'ann-login', password: 'geheim' })
  const headers = { 'X-UploadToken': upload.uploadToken }
  const seen = await jsonOf(fetch(`${app.url}/upload/${upload.id}`, { headers }))

  expect(JSON.stringify([upload, seen])).not.toMatch(/ann-login|geheim|argon2/)
  expect(seen).toMatchObject({ protectedByPassword: true })
})

test('half a surrogate pair in a text is stored as a replacement character', async () => {
  const { id } = await createUpload(app, { comments: 'a\uD800b', files: [{ fileName: 'a\uDC00b' }] })

  const seen = await jsonOf(fetch(`${app.url}/upload/${id}`))
  expect(seen).toMatchObject({ comments: 'a\uFFFDb', files: [{ fileName: 'a\uFFFDb' }] })
})

test('a body nested a hundred thousand deep is refused, and the server lives on', async () => {
  const body = `{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`

  const [status] = await answerOf(fetch(`${app.url}/upload`, { method: 'POST', body }))

  expect([200, 400]).toContain(status)
  expect(await answerOf(fetch(`${app.url}/health`))).toEqual([200, 'ok\n'])
})
