import { expect, test } from 'vitest'
import { jsonOf } from '../../helpers/answers.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { sendRaw } from '../../helpers/raw-http.ts'

/** What links start with (Plik §3.9, §3.10; P4). */

const link = async (app: TestApp, host: string, headers: string[] = [], prefix = '') => {
  const { body } = await sendRaw(
    app,
    [`PUT ${prefix}/a HTTP/1.1`, `Host: ${host}`, ...headers, 'Content-Length: 5'],
    'hello',
  )
  return body.replace(/\/file\/\w{16}\/\w{16}\/a\n$/, ' …')
}

test('without settings a link uses the host that the client itself used', async () => {
  const app = await makeApp()

  expect(await link(app, 'files.example.org')).toBe('http://files.example.org …')
  expect(await link(app, 'Files.Example.org:8080')).toBe('http://Files.Example.org:8080 …')
  expect(await link(app, '[::1]:8080')).toBe('http://[::1]:8080 …')
  expect(await link(app, '192.0.2.1')).toBe('http://192.0.2.1 …')
})

test('a host that is none is not repeated; the listening address takes its place', async () => {
  const app = await makeApp({ PORT: '8080' })
  const hosts = [
    'evil.example/x?',
    'a b',
    '<script>',
    'user@evil.example',
    'evil.example#',
    'evil.example:port',
    '-',
    '%0d%0aX',
    'ü.example',
  ]

  const links = await Promise.all(hosts.map((host) => link(app, host)))

  expect(links).toEqual(hosts.map(() => 'http://127.0.0.1:8080 …'))
})

test.each([
  ['127.0.0.1', 'http://127.0.0.1:8080 …'],
  ['::1', 'http://[::1]:8080 …'],
  ['0.0.0.0', 'http://127.0.0.1:8080 …'],
  ['::', 'http://127.0.0.1:8080 …'],
])('a client of HTTP/1.0 that names no host gets a link that works, with HOST=%s', async (host, start) => {
  const app = await makeApp({ HOST: host, PORT: '8080' })

  const { body } = await sendRaw(app, ['PUT /a HTTP/1.0', 'Content-Length: 5'], 'hello')

  expect(body.replace(/\/file\/\w{16}\/\w{16}\/a\n$/, ' …')).toBe(start)
})

test('no forwarded header ever decides the host of a link (P4)', async () => {
  const app = await makeApp({ SOURCE_IP_HEADER: 'X-Forwarded-For' })
  const forwarded = ['X-Forwarded-Host: evil.example', 'Forwarded: host=evil.example', 'X-Original-Host: evil.example']

  expect(await link(app, 'h', forwarded)).toBe('http://h …')
})

test.for([
  ['X-Forwarded-For', 'X-Forwarded-Proto: https', 'https'],
  ['X-Forwarded-For', 'X-Forwarded-Proto: HTTPS, http', 'https'],
  ['X-Forwarded-For', 'X-Forwarded-Proto: http, https', 'http'],
  ['X-Forwarded-For', 'X-Forwarded-Proto: javascript', 'http'],
  ['X-Forwarded-For', 'Forwarded: for=1.1.1.1;proto=https', 'http'],
  ['Forwarded', 'Forwarded: for=1.1.1.1;proto="https", for=127.0.0.1;proto=http', 'https'],
  ['Forwarded', 'Forwarded: for=1.1.1.1;host="x;proto=https"', 'http'],
])('a trusted proxy says by %s and %s that the scheme is %s', async ([name = '', header = '', scheme]) => {
  const app = await makeApp({ SOURCE_IP_HEADER: name })

  expect(await link(app, 'h', [header])).toBe(`${scheme}://h …`)
})

test('a stranger does not choose the scheme, and servers for HTTPS only need no proxy to say it', async () => {
  const strange = await makeApp({ TRUSTED_PROXIES: '10.0.0.0/8' })
  const secure = await makeApp({ ENHANCED_WEB_SECURITY: 'true' })

  expect(await link(strange, 'h', ['X-Forwarded-Proto: https'])).toBe('http://h …')
  expect(await link(secure, 'h')).toBe('https://h …')
})

test('PUBLIC_URL wins over the host, its path included', async () => {
  const app = await makeApp({ PUBLIC_URL: 'https://files.example.org/share/', PATH_PREFIX: '/share' })

  expect(await link(app, 'evil.example', [], '/share')).toBe('https://files.example.org/share …')
})

test('the path prefix stands behind DOWNLOAD_DOMAIN, too', async () => {
  const app = await makeApp({ DOWNLOAD_DOMAIN: 'https://dl.example.org', PATH_PREFIX: '/x' })

  expect(await link(app, 'files.example.org', [], '/x')).toBe('https://dl.example.org/x …')
})

test('DOWNLOAD_DOMAIN wins over PUBLIC_URL, for links to files (Plik §3.10)', async () => {
  const app = await makeApp({ PUBLIC_URL: 'https://files.example.org', DOWNLOAD_DOMAIN: 'https://dl.example.org/' })

  expect(await link(app, 'evil.example')).toBe('https://dl.example.org …')
})

test('PATH_PREFIX is part of a link', async () => {
  const app = await makeApp({ PATH_PREFIX: '/share' })

  expect(await link(app, 'h', [], '/share')).toBe('http://h/share …')
})

test('uploads tell the download domain as it is configured, without a slash at the end (Plik §8.20)', async () => {
  const app = await makeApp({ DOWNLOAD_DOMAIN: 'https://dl.example.org/' })

  const created = await jsonOf(fetch(`${app.url}/upload`, { method: 'POST' }))
  const seen = await jsonOf(fetch(`${app.url}/upload/${created.id}`))
  const config = await jsonOf(fetch(`${app.url}/config`))

  expect([created.downloadDomain, seen.downloadDomain, config.downloadDomain]).toEqual(
    Array(3).fill('https://dl.example.org'),
  )
})

test('with a download domain, uploading, metadata and removal work on any host (Plik §3.10)', async () => {
  const app = await makeApp({ DOWNLOAD_DOMAIN: 'https://dl.example.org' })
  const { id, uploadToken } = await jsonOf<Record<string, string>>(fetch(`${app.url}/upload`, { method: 'POST' }))

  expect((await fetch(`${app.url}/upload/${id}`)).status).toBe(200)
  const headers = { 'X-UploadToken': uploadToken ?? '' }
  expect((await fetch(`${app.url}/upload/${id}`, { method: 'DELETE', headers })).status).toBe(200)
})
