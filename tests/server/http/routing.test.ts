import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { givenFile } from '../../helpers/client.ts'
import { makeApp, sharedApp } from '../../helpers/make-app.ts'
import { sendRaw } from '../../helpers/raw-http.ts'

const app = sharedApp()

/** Which requests reach a route at all (Plik §0, §1.2, §1.13). */

const NOT_FOUND: [number, string] = [404, '404 page not found\n']

const NO_ROUTES = [
  ['GET', '/not_found'],
  ['GET', '/config/'],
  ['GET', '/Config'],
  ['GET', '/upload'],
  ['GET', '/upload/x/y'],
  ['GET', '/file/x'],
  ['POST', '/nothing'],
  ['POST', '/stream/x'],
  ['DELETE', '/nothing'],
  ['POST', '/config'],
  ['DELETE', '/config'],
  ['PATCH', '/config'],
  ['GET', '/..%2fserver%2fapp.ts'],
  ['GET', '/assets/..%2f..%2fpackage.json'],
  ['GET', '/assets/'],
  ['GET', '/assets/nothing.css'],
] as const

test('what is no route is answered 404 page not found, whatever the method (Plik §2.2)', async () => {
  const answers = await Promise.all(
    NO_ROUTES.map(async ([method, path]) => [path, ...(await answerOf(fetch(app.url + path, { method })))] as const),
  )

  expect(answers).toEqual(NO_ROUTES.map(([, path]) => [path, ...NOT_FOUND]))
})

/** As no decent client sends them: `fetch` would take the dots away. */
const WAYS_OUT = ['..', '%2e%2e', '.%2e', '%252e%252e', '..%00', '..\\', '..%5c', '%2e%2e%5c', '....//', '..;']

test('no path leads out of the folder of the page (P27)', async () => {
  const targets = WAYS_OUT.flatMap((up) => [
    `/assets/${up}/${up}/package.json`,
    `/assets/${up}/index.html`,
    `/assets//${up}/index.html`,
    `/${up}/package.json`,
    `/docs/${up}/${up}/package.json`,
  ])
  targets.push('/assets//etc/passwd', '/assets/%2fetc%2fpasswd', '/assets/page.js/../../index.html', '//etc/passwd')

  for (const target of targets) {
    const { status, body } = await sendRaw(app, [`GET ${target} HTTP/1.1`, 'Host: h'])
    expect([target, status, body.includes('"mayfly"'), body.includes('<html')]).toEqual([
      target,
      expect.toBeOneOf([400, 404]),
      false,
      false,
    ])
  }
})

test('an unknown method gets an answer, and the server keeps running', async () => {
  const { status } = await sendRaw(app, ['BREW /upload HTTP/1.1', 'Host: h'])

  expect(status).toBeGreaterThanOrEqual(400)
  expect(status).toBeLessThan(500)
  expect(await answerOf(fetch(`${app.url}/health`))).toEqual([200, 'ok\n'])
})

test('HEAD works for what can be downloaded, for the page and what says how the server is, and nowhere else (Plik §0)', async () => {
  const { upload, url } = await givenFile(app)
  const head = async (path: string) => (await fetch(path, { method: 'HEAD' })).status

  expect(await head(url)).toBe(200)
  expect(await head(`${app.url}/archive/${upload.id}/archive.zip`)).toBe(200)
  expect(await head(`${app.url}/config`)).toBe(200)
  expect(await head(`${app.url}/upload/${upload.id}`)).toBe(404)
  expect(await head(`${app.url}/qrcode?url=x`)).toBe(404)
})

test.for(['', '/files'])('under the prefix “%s” HEAD answers as GET would, without a body', async (prefix) => {
  const app = await makeApp(prefix === '' ? {} : { PATH_PREFIX: prefix })
  const page = await (await fetch(`${app.url}/`)).text()
  const asset = /assets\/[\w.-]+\.js/.exec(page)?.[0]
  const { upload } = await givenFile(app, { password: 'secret' })
  const answer = async (path: string, method: string) => {
    const response = await fetch(`${app.url}/${path}`, { method })
    const { 'content-type': type, 'cache-control': cache } = Object.fromEntries(response.headers)
    return { status: response.status, type, cache }
  }
  const paths = [
    '',
    `?id=${upload.id}`,
    '?id=nosuchuploadhere',
    `${asset}`,
    'download-worker.js',
    'config',
    'health',
    'ready',
  ]

  for (const path of paths) expect(await answer(path, 'HEAD')).toEqual(await answer(path, 'GET'))
  const head = await fetch(`${app.url}/`, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
    200,
    `${Buffer.byteLength(page)}`,
    '',
  ])
})

test('slashes that are doubled count once, for every method, as Plik’s client needs it (Plik §6.1)', async () => {
  const upload = await jsonOf(fetch(`${app.url}//upload`, { method: 'POST', body: '{"ttl":60}' }))

  expect(upload).toMatchObject({ ttl: 60 })
  expect(await jsonOf(fetch(`${app.url}//upload///${upload.id}`))).toMatchObject({ id: upload.id })
  const headers = { 'X-UploadToken': upload.uploadToken as string }
  const removal = fetch(`${app.url}//upload//${upload.id}`, { method: 'DELETE', headers })
  expect(await answerOf(removal)).toEqual([200, 'ok'])
})

test('under a path prefix everything is there, and nothing anywhere else (Plik §1.13)', async () => {
  const app = await makeApp({ PATH_PREFIX: '/root/' })
  const origin = new URL(app.url).origin

  expect(app.url).toBe(`${origin}/root`)
  expect(await jsonOf(fetch(`${app.url}/version`))).toHaveProperty('version')
  expect((await fetch(`${app.url}/`)).status).toBe(200)
  const { url } = await givenFile(app, {}, 'hello')
  expect(await answerOf(fetch(url))).toEqual([200, 'hello'])
  const outside = ['/version', '/', '/upload', '/rootversion', '/rooted/version', '/ROOT/version']
  const answers = await Promise.all(outside.map((path) => answerOf(fetch(origin + path))))
  expect(answers).toEqual(outside.map(() => NOT_FOUND))
})

test('the prefix itself leads to the page, and takes a form too', async () => {
  const app = await makeApp({ PATH_PREFIX: '/root' })
  const form = new FormData()
  form.append('file', new Blob(['hello']), 'a')

  expect((await fetch(app.url)).status).toBe(200)
  const link = await (await fetch(app.url, { method: 'POST', body: form })).text()
  expect(link).toMatch(/\/root\/file\/\w{16}\/\w{16}\/a\n$/)
})

test.for([
  ['two different ones', ['Host: a', 'Host: b']],
  ['two equal ones', ['Host: a', 'host: a']],
])('%s of the Host header are refused (P4)', async ([, hosts]) => {
  const { status, body } = await sendRaw(app, ['GET /config HTTP/1.1', ...(hosts as string[])])

  expect(status).toBe(400)
  expect(body).not.toContain('maxFileSize')
})

const UNREADABLE = [
  'GET /upload/%zz HTTP/1.1',
  'GET /upload/%ff HTTP/1.1',
  'GET /file/aaaaaaaaaaaaaaaa/aaaaaaaaaaaaaaaa/%zz HTTP/1.1',
  `GET /file/aaaaaaaaaaaaaaaa/aaaaaaaaaaaaaaaa/${'a'.repeat(5000)} HTTP/1.1`,
  `GET /upload/${'a'.repeat(5000)} HTTP/1.1`,
]

test('a path that can not be read is the client’s fault, told in plain text (P16)', async () => {
  const answers = await Promise.all(UNREADABLE.map((line) => sendRaw(app, [line, 'Host: h'])))

  const plain = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }
  expect(answers).toMatchObject(UNREADABLE.map(() => ({ headers: plain, body: expect.stringMatching(/^[^{]+\n$/) })))
  expect(answers.map(({ status }) => Math.floor(status / 100))).toEqual([4, 4, 4, 4, 4])
})

test('the page is there at the root, under a policy that loads nothing from elsewhere (P13)', async () => {
  const { status, headers } = await fetch(`${app.url}/`)

  expect(status).toBe(200)
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(headers.get('content-security-policy')).toMatch(/default-src '(none|self)'/)
  expect(headers.get('content-security-policy')).not.toMatch(/unsafe|https?:/)
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
})
