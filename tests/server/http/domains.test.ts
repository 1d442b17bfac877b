import { expect, test } from 'vitest'
import { givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { ask, get } from '../downloads/ask.ts'

/** The download domain serves files and nothing else, once PUBLIC_URL says where the rest is (P11). */

const BOTH = {
  PUBLIC_URL: 'https://files.example.org',
  DOWNLOAD_DOMAIN: 'https://dl.example.org',
  DOWNLOAD_DOMAIN_ALIAS: 'https://alias.example.org:8443',
}
const REFUSAL = 'this address serves files only, the server is at https://files.example.org/\n'

test.for([
  ['GET', '/'],
  ['GET', '/?id=AAAAAAAAAAAAAAAA'],
  ['POST', '/'],
  ['PUT', '/a.txt'],
  ['GET', '/config'],
  ['GET', '/version'],
  ['GET', '/qrcode'],
  ['POST', '/upload'],
  ['GET', '/upload/AAAAAAAAAAAAAAAA'],
  ['DELETE', '/upload/AAAAAAAAAAAAAAAA'],
  ['POST', '/file/AAAAAAAAAAAAAAAA'],
  ['DELETE', '/file/AAAAAAAAAAAAAAAA/BBBBBBBBBBBBBBBB/a'],
  ['POST', '/tus'],
  ['POST', '/auth/local/login'],
  ['GET', '/me'],
  ['GET', '/users'],
] as const)('%s %s is closed on the download domain and its aliases', async ([method, path]) => {
  const app = await makeApp(BOTH)

  for (const Host of ['dl.example.org', 'DL.example.org', 'alias.example.org:8443']) {
    const { status, body } = await ask(app.url + path, { method, headers: { Host } })
    expect([status, body.toString()]).toEqual([404, REFUSAL])
  }
})

test('files, archives, and signs of life are there', async () => {
  const app = await makeApp({ ...BOTH, PATH_PREFIX: '/share', PUBLIC_URL: 'https://files.example.org/share' })
  const { upload, url } = await givenFile(app)
  const headers = { Host: 'dl.example.org' }
  const archive = `${app.url}/archive/${upload.id}`

  expect((await get(url, headers)).body.toString()).toBe('hello')
  expect((await ask(url, { method: 'HEAD', headers })).status).toBe(200)
  expect((await get(`${archive}/a.zip`, headers)).status).toBe(200)
  expect((await ask(archive, { method: 'POST', headers, body: '{}' })).status).toBe(200)
  expect((await get(`${app.url}/health`, headers)).status).toBe(200)
  expect((await ask(`${app.url}/health`, { method: 'HEAD', headers })).status).toBe(200)
  const preflight = { ...headers, Origin: 'https://other.example', 'Access-Control-Request-Method': 'GET' }
  expect((await ask(url, { method: 'OPTIONS', headers: preflight })).status).toBe(204)
})

test.for(['dl.example.org:443', 'dl.example.org.', 'DL.example.org.:443'])(
  'the download domain is the same however a client writes it: %s',
  async (Host) => {
    const app = await makeApp(BOTH)
    const { url } = await givenFile(app)

    expect((await get(`${app.url}/config`, { Host })).status).toBe(404)
    expect((await get(url, { Host })).status).toBe(200)
  },
)

test('everything but files is at the public address, and at any that is no download domain', async () => {
  const app = await makeApp(BOTH)
  const { url } = await givenFile(app)

  expect((await get(`${app.url}/config`, { Host: 'files.example.org' })).status).toBe(200)
  expect((await get(`${app.url}/config`, { Host: '10.0.0.7:8080' })).status).toBe(200)
  expect((await get(url, { Host: 'files.example.org' })).status).toBe(400)
})

test('without a public address the download domain serves all, for it may be the only one (Plik §3.10)', async () => {
  const app = await makeApp({ DOWNLOAD_DOMAIN: 'https://dl.example.org' })

  expect((await get(`${app.url}/config`, { Host: 'dl.example.org' })).status).toBe(200)
})

test('a server that is its own download domain serves all', async () => {
  const app = await makeApp({ PUBLIC_URL: 'https://files.example.org', DOWNLOAD_DOMAIN: 'https://files.example.org' })

  expect((await get(`${app.url}/config`, { Host: 'files.example.org' })).status).toBe(200)
})
