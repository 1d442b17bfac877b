import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { FORM_TYPE, filePart, form, part } from '../../helpers/form.ts'
import { makeApp, sharedApp, type TestApp } from '../../helpers/make-app.ts'
import { sendRaw } from '../../helpers/raw-http.ts'

const app = sharedApp()

/** `POST /` and `PUT /:name`: bytes in, link out, for curl and plain forms (Plik §3.9 and ours). */

const LINK = /^http:\/\/127\.0\.0\.1:\d+\/file\/\w{16}\/\w{16}\/(.*)\n$/

const post = (app: TestApp, body: string, headers: Record<string, string> = {}) =>
  fetch(`${app.url}/`, { method: 'POST', headers: { 'Content-Type': FORM_TYPE, ...headers }, body })

const put = (app: TestApp, path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(app.url + path, { method: 'PUT', headers, body })

test('a form becomes an upload; the answer is its link and nothing else (Plik §3.9)', async () => {
  const response = await post(app, form(filePart('a.txt', 'hello')))
  const link = await response.text()

  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(link).toMatch(LINK)
  expect(await answerOf(fetch(link.trim()))).toEqual([200, 'hello'])
})

test.for([
  ['a b.txt', 'a%20b.txt'],
  ['中文.txt', '%E4%B8%AD%E6%96%87.txt'],
  ['100% #1?.txt', '100%25%20%231%3F.txt'],
] as const)('the link of %s is encoded, and works as it is printed (Plik §8.8)', async ([name, encoded]) => {
  const sent = await (await post(app, form(filePart(name, 'hello')))).text()
  const stored = await (await put(app, `/${encodeURIComponent(name)}`, 'world')).text()

  expect([LINK.exec(sent)?.[1], LINK.exec(stored)?.[1]]).toEqual([encoded, encoded])
  expect(await answerOf(fetch(sent.trim()))).toEqual([200, 'hello'])
  expect(await answerOf(fetch(stored.trim()))).toEqual([200, 'world'])
})

test('several files of one form share an upload and get a link each, in order', async () => {
  const text = await (await post(app, form(filePart('a', 'first'), filePart('b', ''), filePart('a', 'third')))).text()

  const links = text.trim().split('\n')
  expect(links.map((link) => link.split('/').at(-1))).toEqual(['a', 'b', 'a'])
  expect(new Set(links.map((link) => link.split('/').at(-3))).size).toBe(1)
  const contents = await Promise.all(links.map(async (link) => (await fetch(link)).text()))
  expect(contents).toEqual(['first', '', 'third'])
})

test('PUT takes a body as it comes, whatever its type; without a name the file is called "file"', async () => {
  const named = await (await put(app, '/a.txt', 'hello', { 'Content-Type': 'nonsense' })).text()
  const unnamed = await (await put(app, '/', '--b\r\n', { 'Content-Type': 'multipart/mixed' })).text()

  expect([LINK.exec(named)?.[1], LINK.exec(unnamed)?.[1]]).toEqual(['a.txt', 'file'])
  expect(await answerOf(fetch(named.trim()))).toEqual([200, 'hello'])
  expect(await answerOf(fetch(unnamed.trim()))).toEqual([200, '--b\r\n'])
})

test.each(['/', '/a.txt'])('a form that is sent to PUT %s is refused with the commands that work', async (path) => {
  const answer = await answerOf(put(app, path, form(filePart('a.txt', 'hi')), { 'Content-Type': FORM_TYPE }))

  expect(answer).toEqual([
    400,
    `PUT takes the bytes of a file, not a form; send the form by POST, or the file alone: curl -T NAME ${app.url}/\n`,
  ])
})

test.each([
  ['UTF-8', 'caf%C3%A9.txt', 'café.txt'],
  ['Windows-1252', 'caf%E9.txt', 'café.txt'],
  ['a slash beside Windows-1252', 'caf%E9%2Fb.txt', 'b.txt'],
])('a name in a path may be escaped as %s', async (_what, escaped, name) => {
  const created = await jsonOf(put(app, `/${escaped}`, 'hi', { Accept: 'application/json' }))
  const { id, files } = created as { id: string; files: { id: string; fileName: string }[] }
  const download = await fetch(`${app.url}/file/${id}/${files[0]?.id}/${escaped}`)

  expect([files[0]?.fileName, download.status]).toEqual([name, 200])
})

test('PUT without a body makes an empty file', async () => {
  const { status, body } = await sendRaw(app, ['PUT /empty HTTP/1.1', 'Host: h'])

  expect([status, body]).toEqual([200, expect.stringMatching(/\/empty\n$/)])
})

test('PUT of an unknown length, as `curl -T -` sends it, arrives whole', async () => {
  const head = ['PUT /a HTTP/1.1', `Host: ${new URL(app.url).host}`, 'Transfer-Encoding: chunked']

  const { body } = await sendRaw(app, head, '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n')

  expect(await answerOf(fetch(body.trim()))).toEqual([200, 'hello world'])
})

test('a name that leads elsewhere is cleaned, one of nothing is refused', async () => {
  expect(LINK.exec(await (await put(app, '/..%2F..%2Fpasswd', 'x')).text())?.[1]).toBe('passwd')
  expect(await answerOf(put(app, '/%E2%80%8B', 'x'))).toEqual([400, 'unable to create file : missing file name\n'])
  expect(await answerOf(put(app, '/a/b', 'x'))).toEqual([404, '404 page not found\n'])
})

test('a client that accepts JSON gets the upload with its token, and the links', async () => {
  const upload = await jsonOf(
    post(app, form(filePart('a.txt', 'hello')), { Accept: 'application/json, text/plain, */*' }),
  )

  expect(upload).toMatchObject({ admin: true, uploadToken: expect.stringMatching(/^\w{32}$/) })
  expect(upload.files).toMatchObject([{ fileName: 'a.txt', status: 'uploaded', fileSize: 5 }])
  expect(upload.links).toEqual([expect.stringMatching(`^/file/${upload.id}/[^/]+/a[.]txt$`)])
  const headers = { 'X-UploadToken': upload.uploadToken as string }
  expect((await fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE', headers })).status).toBe(200)
})

test('a browser gets a page on which names are text, under a policy that runs nothing (P13)', async () => {
  const name = '<img src=x onerror=alert(1)>&amp;.txt'

  const response = await post(app, form(filePart(name, 'hello')), { Accept: 'text/html,application/xhtml+xml' })
  const page = await response.text()

  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(page).toContain('&#60;img src&#61;x onerror&#61;alert(1)&#62;&#38;amp;.txt')
  expect(page).not.toContain('<img src=x')
})

test('the page of several files links to all in one', async () => {
  const page = await (await post(app, form(filePart('a', '1'), filePart('b', '2')), { Accept: 'text/html' })).text()

  const [, archive = ''] = /href="([^"]+archive\.zip)"/.exec(page) ?? []
  expect((await fetch(new URL(archive, app.url))).status).toBe(200)
})

test('a form without files, or with a nameless one, is refused and leaves nothing (Plik §3.9)', async () => {
  const app = await makeApp()
  const count = () => app.maintenance.clean()

  expect(await answerOf(post(app, form(part('name="x"', 'y'))))).toEqual([400, 'missing file from multipart form\n'])
  expect(await answerOf(post(app, form(filePart('', 'y'))))).toEqual([400, 'missing file name from multipart form\n'])
  expect(await answerOf(post(app, '{}', { 'Content-Type': 'application/json' }))).toEqual([
    400,
    "invalid multipart form : request Content-Type isn't multipart/form-data\n",
  ])
  expect(await count()).toMatchObject({ deletedUploads: 0, deletedFiles: 0 })
})

test('when a later file of a form is refused, the first one is deleted too', async () => {
  const app = await makeApp({ MAX_FILE_SIZE: '10B' })
  const body = form(filePart('a', 'small'), filePart('b', 'x'.repeat(11)))

  expect(await answerOf(post(app, body))).toEqual([400, 'file too big (limit is set to 10 B)\n'])
  await app.maintenance.clean()
  expect((await app.maintenance.clean()).orphans.quarantined).toMatchObject({ blobs: 0 })
})

test('a form may hold as many files as an upload, and not one more', async () => {
  const app = await makeApp({ MAX_FILES_PER_UPLOAD: '2' })
  const [a, b, c] = [filePart('a', '1'), filePart('b', '2'), filePart('c', '3')]

  expect((await post(app, form(a, b))).status).toBe(200)
  expect(await answerOf(post(app, form(a, b, c)))).toEqual([
    400,
    'maximum number file per upload reached, limit is 2\n',
  ])
})

test.for([
  ['anonymous uploads are disabled', { FEATURE_AUTHENTICATION: 'forced' }],
  ['server only accept uploads protected by password', { FEATURE_PASSWORD: 'forced' }],
] as const)('400 unable to create upload : %s (Plik §5)', async ([reason, settings]) => {
  const app = await makeApp(settings)
  const refused: [number, string] = [400, `unable to create upload : ${reason}\n`]

  expect(await answerOf(post(app, form(filePart('a', 'hello'))))).toEqual(refused)
  expect(await answerOf(post(app, form(filePart('a', '1'), filePart('b', '2'))))).toEqual(refused)
  expect(await answerOf(put(app, '/a', 'hello'))).toEqual(refused)
})
