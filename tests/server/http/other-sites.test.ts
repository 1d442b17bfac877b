import { expect, test } from 'vitest'
import { givenSession, givenUser, logIn, PASSWORD, sessionOf, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf } from '../../helpers/answers.ts'
import { addFile, createUpload, fileForm } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { sendRaw } from '../../helpers/raw-http.ts'
import { createRequest, guestWith } from '../file-requests/given.ts'
import { post } from '../resumable/tus-requests.ts'

/** What a web page of another site can make a browser do that is at an allowed address, or that logs in. */

type Headers = Record<string, string>

const WHITELISTED = { UPLOAD_WHITELIST: '127.0.0.1' }
const EVIL = { Origin: 'https://evil.example' }
const REFUSAL: [number, string] = [403, 'web pages of other sites may not upload here\n']

const create = (app: TestApp, headers: Headers) => fetch(`${app.url}/upload`, { method: 'POST', headers })

const UPLOADS: [string, (app: TestApp, headers: Headers) => Promise<Response>][] = [
  ['POST /upload', create],
  ['POST /', (app, headers) => fetch(`${app.url}/`, { method: 'POST', headers, body: fileForm('x') })],
  ['PUT /', (app, headers) => fetch(`${app.url}/`, { method: 'PUT', headers, body: 'x' })],
  ['PUT /:name', (app, headers) => fetch(`${app.url}/a.txt`, { method: 'PUT', headers, body: 'x' })],
  ['POST /tus', (app, headers) => post(app, { 'Upload-Length': '1', ...headers })],
  ['a part', (app, headers) => post(app, { 'Upload-Length': '1', 'Upload-Concat': 'partial', ...headers })],
  [
    'the IETF draft',
    (app, headers) =>
      fetch(`${app.url}/tus`, { method: 'POST', headers: { 'Upload-Complete': '?1', ...headers }, body: 'x' }),
  ],
]

test('with a whitelist, pages of other sites upload in no way, and the page of this server in every way', async () => {
  const app = await makeApp(WHITELISTED)

  for (const [way, upload] of UPLOADS) {
    expect([way, ...(await answerOf(upload(app, EVIL)))]).toEqual([way, ...REFUSAL])
    expect([way, (await upload(app, { Origin: app.url })).ok]).toEqual([way, true])
    expect([way, (await upload(app, {})).ok]).toEqual([way, true])
  }
})

const SENDERS: [what: string, headers: Headers, isRefused: boolean][] = [
  ['another site', EVIL, true],
  ['another site, as the browser says', { ...EVIL, 'Sec-Fetch-Site': 'cross-site' }, true],
  ['another host of the same domain', { 'Sec-Fetch-Site': 'same-site' }, true],
  ['another port', { Origin: 'http://127.0.0.1:1' }, true],
  ['a page that hides its origin', { Origin: 'null' }, true],
  ['what starts like this server', { Origin: 'http://127.0.0.1.evil.example' }, true],
  ['what is no origin', { Origin: 'https://' }, true],
  [
    'the page behind a proxy that changes the host',
    { Origin: 'https://a.example', 'Sec-Fetch-Site': 'same-origin' },
    false,
  ],
  ['an address that somebody typed', { 'Sec-Fetch-Site': 'none' }, false],
  ['an extension of the browser', { Origin: 'moz-extension://0f8e', 'Sec-Fetch-Site': 'cross-site' }, false],
]

test.for(SENDERS)('with a whitelist, %s is refused or not', async ([, headers, isRefused]) => {
  const app = await makeApp(WHITELISTED)

  expect((await create(app, headers)).status).toBe(isRefused ? 403 : 200)
})

test('the page of this server is known by its public address, or by the host that was asked', async () => {
  const app = await makeApp({ ...WHITELISTED, PUBLIC_URL: 'https://files.example.org/share' })
  const asked = async (host: string, origin: string) =>
    (await sendRaw(app, ['POST /upload HTTP/1.1', `Host: ${host}`, `Origin: ${origin}`, 'Content-Length: 0'])).status

  expect(await asked('inside:8080', 'https://files.example.org')).toBe(200)
  expect(await asked('inside:8080', 'http://inside:8080')).toBe(200)
  expect(await asked('inside', 'https://inside')).toBe(200)
  expect(await asked('inside:8080', 'https://inside')).toBe(403)
})

test('a token, a session or a secret is a right of its own, wherever it is used', async () => {
  const app = await makeApp({ ...WHITELISTED, ...WITH_ACCOUNTS })
  const { user, headers } = await givenSession(app, 'grace')
  const { token } = await app.accounts.tokens.create(user, '')
  const upload = await createUpload(app)
  const { requestToken } = (await (await createRequest(app, upload)).json()) as { requestToken: string }
  const body = fileForm('x')

  expect((await create(app, { ...EVIL, ...headers })).status).toBe(200)
  expect((await create(app, { ...EVIL, 'X-PlikToken': token })).status).toBe(200)
  expect((await create(app, EVIL)).status).toBe(403)
  const withToken = { ...EVIL, 'X-UploadToken': upload.uploadToken }
  expect((await fetch(`${app.url}/file/${upload.id}`, { method: 'POST', headers: withToken, body })).status).toBe(200)
  const asGuest = { ...EVIL, 'X-RequestToken': requestToken }
  expect((await fetch(`${app.url}/request/a`, { method: 'PUT', headers: asGuest, body: 'x' })).status).toBe(200)
  expect((await guestWith(app, requestToken).info()).status).toBe(200)
  expect((await addFile(app, upload, 'x')).status).toBe(200)
})

test('without a whitelist every page may upload, and read the answer', async () => {
  const app = await makeApp()

  const answer = await create(app, { ...EVIL, 'Sec-Fetch-Site': 'cross-site' })

  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*'])
})

test('the operator names the pages that may upload, or lets all of them', async () => {
  const listed = await makeApp({ ...WHITELISTED, UPLOAD_ORIGINS: 'https://intranet.example, http://other.example:81' })
  const all = await makeApp({ ...WHITELISTED, UPLOAD_ORIGINS: 'any' })
  const open = await makeApp({ UPLOAD_ORIGINS: 'https://intranet.example' })
  const from = async (app: TestApp, Origin: string) =>
    (await create(app, { Origin, 'Sec-Fetch-Site': 'cross-site' })).status

  expect(await from(listed, 'https://intranet.example')).toBe(200)
  expect(await from(listed, 'http://other.example:81')).toBe(200)
  expect(await from(listed, 'http://other.example')).toBe(403)
  expect(await from(all, EVIL.Origin)).toBe(200)
  expect(await from(open, EVIL.Origin)).toBe(403)
  expect(await from(open, 'https://intranet.example')).toBe(200)
  expect((await create(open, {})).status).toBe(200)
})

test.for(SENDERS)('a login from %s is refused or not', async ([, headers, isRefused]) => {
  const app = await makeApp(WITH_ACCOUNTS)
  await givenUser(app, 'mallory')

  const answer = await logIn(app, 'mallory', PASSWORD, headers)

  expect(answer.status).toBe(isRefused ? 403 : 200)
  expect(answer.headers.getSetCookie()).toHaveLength(isRefused ? 0 : 2)
})

test('pages of other sites can’t log users out', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  await givenUser(app, 'grace')

  for (const [what, headers, isRefused] of SENDERS) {
    const session = await sessionOf(app, 'grace')
    const answer = await fetch(`${app.url}/auth/logout`, { headers: { ...session, ...headers } })
    const after = await fetch(`${app.url}/me`, { headers: session })
    expect([what, answer.status, after.status]).toEqual([what, ...(isRefused ? [403, 200] : [200, 403])])
  }
})
