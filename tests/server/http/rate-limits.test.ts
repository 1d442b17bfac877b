import { expect, test } from 'vitest'
import { givenSession, logIn, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf } from '../../helpers/answers.ts'
import { addFile, createUpload, fileForm, givenFile } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { createRequest, guestWith } from '../file-requests/given.ts'
import { createResumable, metadata, patch, post } from '../resumable/tus-requests.ts'

/** Which requests are limited per address, and which are not. */

const REFUSAL: [number, string] = [429, 'too many requests, please slow down\n']
const UNKNOWN = 'A'.repeat(16)

type Headers = Record<string, string>

const times = async <T>(count: number, ask: (index: number) => Promise<T>): Promise<T[]> => {
  const answers: T[] = []
  for (let index = 0; index < count; index += 1) answers.push(await ask(index))
  return answers
}

const statusesOf = async (count: number, ask: (index: number) => Promise<Response>): Promise<number[]> =>
  (await times(count, ask)).map(({ status }) => status)

const proxied = (settings: Headers = {}) => makeApp({ RATE_LIMIT: '3', SOURCE_IP_HEADER: 'X-Real-IP', ...settings })

const guess = (app: TestApp, headers: Headers = {}) => fetch(`${app.url}/upload/${UNKNOWN}`, { headers })

const CREATIONS: [string, (app: TestApp, headers: Headers) => Promise<Response>][] = [
  ['POST /upload', (app, headers) => fetch(`${app.url}/upload`, { method: 'POST', headers })],
  ['POST /', (app, headers) => fetch(`${app.url}/`, { method: 'POST', headers, body: fileForm('x') })],
  ['PUT /', (app, headers) => fetch(`${app.url}/`, { method: 'PUT', headers, body: 'x' })],
  ['PUT /:name', (app, headers) => fetch(`${app.url}/a.txt`, { method: 'PUT', headers, body: 'x' })],
  ['POST /tus', (app, headers) => post(app, { 'Upload-Length': '1', ...headers })],
  [
    'POST /tus of a part',
    (app, headers) =>
      post(app, {
        'Upload-Length': '1',
        'Upload-Concat': 'partial',
        'Upload-Metadata': metadata({ uploadId: UNKNOWN }),
        ...headers,
      }),
  ],
  [
    'POST /tus of the IETF draft',
    (app, headers) =>
      fetch(`${app.url}/tus`, {
        method: 'POST',
        headers: { 'Upload-Complete': '?1', 'Upload-Metadata': metadata({ uploadId: UNKNOWN }), ...headers },
        body: 'x',
      }),
  ],
]

test('every way to make an upload is limited per address', async () => {
  const app = await proxied()

  for (const [index, [door, create]] of CREATIONS.entries()) {
    const headers = { 'X-Real-IP': `192.0.2.${index}` }
    const statuses = await statusesOf(3, () => create(app, headers))
    const refused = await create(app, headers)

    expect([door, statuses.every((status) => status === 200 || status === 201)]).toEqual([door, true])
    expect([door, ...(await answerOf(refused))]).toEqual([door, ...REFUSAL])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  }
})

test('all ways to make an upload share one limit, and a token that is not checked does not avoid it', async () => {
  const app = await makeApp({ RATE_LIMIT: '3' })
  const made = await statusesOf(3, (index) => (CREATIONS[index] as (typeof CREATIONS)[0])[1](app, {}))

  expect(made).toEqual([200, 200, 200])
  for (const [, create] of CREATIONS)
    expect((await create(app, { 'X-PlikToken': 'x', 'X-UploadToken': 'x' })).status).toBe(429)
})

test('an upload of many files counts once, whether each comes in one request or in several', async () => {
  const app = await makeApp({ RATE_LIMIT: '3' })
  const upload = await createUpload(app)
  const resumable = { uploadId: upload.id, uploadToken: upload.uploadToken }

  const forms = await statusesOf(8, (index) => addFile(app, upload, 'x', `form-${index}`))
  const pieces = await times(8, async () => patch((await createResumable(app, 1, resumable)).url, 0, 'x'))
  const reads = await statusesOf(8, () => fetch(`${app.url}/upload/${upload.id}`))

  expect(forms).toEqual(Array(8).fill(200))
  expect(pieces.map(({ status }) => status)).toEqual(Array(8).fill(204))
  expect(reads).toEqual(Array(8).fill(200))
})

test('a large file may be sent in many pieces', async () => {
  const app = await makeApp({ RATE_LIMIT: '3' })
  const { url } = await createResumable(app, 20)

  expect(await statusesOf(20, (index) => patch(url, index, 'x'))).toEqual(Array(20).fill(204))
})

test('files of guests are not limited as uploads are', async () => {
  const app = await makeApp({ RATE_LIMIT: '3' })
  const upload = await createUpload(app)
  const { requestToken } = (await (await createRequest(app, upload)).json()) as { requestToken: string }
  const guest = guestWith(app, requestToken)

  expect(await statusesOf(8, (index) => guest.put(`a-${index}`, 'x'))).toEqual(Array(8).fill(200))
  expect(await statusesOf(8, () => guest.info())).toEqual(Array(8).fill(200))
})

test('uploads of users are not counted with those of anonymous senders at the same address', async () => {
  const app = await makeApp({ RATE_LIMIT: '3', ...WITH_ACCOUNTS })
  const { headers, user } = await givenSession(app, 'grace')
  const { token } = await app.accounts.tokens.create(user, '')
  const create = (more: Headers) => fetch(`${app.url}/upload`, { method: 'POST', headers: more })

  expect(await statusesOf(4, () => create({}))).toEqual([200, 200, 200, 429])
  expect(await statusesOf(4, () => create(headers))).toEqual(Array(4).fill(200))
  expect(await statusesOf(4, () => create({ 'X-PlikToken': token }))).toEqual(Array(4).fill(200))
})

test('many people behind one address can open the page and download at once', async () => {
  const app = await makeApp({ RATE_LIMIT: '3' })
  const { url } = await givenFile(app)
  const page = await (await fetch(app.url)).text()
  const assets = [...page.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, path]) => `/${path}`)
  const paths = ['/', '/config', '/version', '/health', '/ready', '/download-worker.js', ...assets]

  for (let visitor = 0; visitor < 8; visitor += 1)
    for (const path of paths) expect([path, (await fetch(app.url + path)).status]).toEqual([path, 200])
  expect(assets.length).toBeGreaterThan(0)
  expect(await statusesOf(8, () => fetch(url))).toEqual(Array(8).fill(200))
})

const GUESSES = [
  `upload/${UNKNOWN}`,
  `file/${UNKNOWN}/${UNKNOWN}/a`,
  `stream/${UNKNOWN}/${UNKNOWN}/a`,
  `archive/${UNKNOWN}/a.zip`,
  `?id=${UNKNOWN}`,
  'wp-login.php',
  `HEAD file/${UNKNOWN}/${UNKNOWN}/a`,
  `DELETE upload/${UNKNOWN}`,
  `POST archive/${UNKNOWN}`,
  `DELETE tus/${UNKNOWN}`,
]

test('after too many requests for things that do not exist, an address finds nothing that exists', async () => {
  const app = await proxied()
  const { url, upload } = await givenFile(app)

  for (const [index, guessed] of GUESSES.entries()) {
    const headers = { 'X-Real-IP': `192.0.2.${index}`, 'X-RequestToken': UNKNOWN }
    const [method = '', path = ''] = guessed.includes(' ') ? guessed.split(' ') : ['GET', guessed]
    const body = method === 'POST' ? '{"files":[]}' : null
    const statuses = await statusesOf(3, () => fetch(`${app.url}/${path}`, { method, headers, body }))
    const get = (wanted: string) => fetch(wanted, { headers })
    const refused = await get(url)

    expect([guessed, statuses]).toEqual([guessed, [404, 404, 404]])
    expect([guessed, ...(await answerOf(refused))]).toEqual([guessed, ...REFUSAL])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect((await get(`${app.url}/upload/${upload.id}`)).status).toBe(429)
    expect((await get(`${app.url}/?id=${upload.id}`)).status).toBe(429)
    expect((await get(`${app.url}/`)).status).toBe(200)
    expect((await get(`${app.url}/config`)).status).toBe(200)
  }
})

test('addresses that are no routes count as misses, too', async () => {
  const app = await makeApp({ RATE_LIMIT: '3' })
  const statuses: number[] = []
  for (const method of ['GET', 'POST', 'DELETE', 'GET'])
    statuses.push((await fetch(`${app.url}/nothing`, { method })).status)

  expect(statuses).toEqual([404, 404, 404, 429])
})

test('at an address with too many misses, a token, a secret or a session still works', async () => {
  const app = await makeApp({ RATE_LIMIT: '3', ...WITH_ACCOUNTS })
  const { headers } = await givenSession(app, 'grace')
  const { upload, url } = await givenFile(app)
  const withToken = { 'X-UploadToken': upload.uploadToken }
  const resumable = await createResumable(app, 1)

  await times(4, () => guess(app))

  expect((await guess(app)).status).toBe(429)
  expect((await guess(app, withToken)).status).toBe(429)
  expect((await fetch(url, { headers: { 'X-UploadToken': UNKNOWN.repeat(2) } })).status).toBe(429)
  expect((await fetch(url, { headers: withToken })).status).toBe(200)
  expect((await addFile(app, upload, 'x', 'b')).status).toBe(200)
  expect((await patch(resumable.url, 0, 'x')).status).toBe(204)
  expect((await fetch(`${app.url}/me`, { headers })).status).toBe(200)
})

test('a wrong upload token counts as a miss', async () => {
  const app = await makeApp({ RATE_LIMIT: '3' })
  const { upload, url } = await givenFile(app)
  const forged = { ...upload, uploadToken: UNKNOWN.repeat(2) }

  expect(await statusesOf(3, () => addFile(app, forged, 'x'))).toEqual([403, 403, 403])
  expect((await fetch(url)).status).toBe(429)
})

test('logins are limited per address, whichever name is tried', async () => {
  const app = await proxied({ RATE_LIMIT: '100', ...WITH_ACCOUNTS })
  const attempt = (index: number) => logIn(app, `nobody ${index}`, 'wrong', { 'X-Real-IP': '192.0.2.1' })

  const statuses = await statusesOf(11, attempt)

  expect(statuses).toEqual([...Array(10).fill(403), 429])
  expect((await logIn(app, 'nobody', 'wrong', { 'X-Real-IP': '192.0.2.2' })).status).toBe(403)
})

test('IPv6 addresses count by their /64', async () => {
  const app = await proxied()
  const from = (address: string) => guess(app, { 'X-Real-IP': address })

  await times(3, (index) => from(`2001:db8:0:1::${index}`))

  expect((await from('2001:db8:0:1:ffff::1')).status).toBe(429)
  expect((await from('2001:db8:0:2::1')).status).toBe(404)
  expect((await from('2001:db8::1')).status).toBe(404)
})

test('all requests of an address together are limited, too', async () => {
  const app = await makeApp({ RATE_LIMIT: '1' })
  const { upload } = await givenFile(app)
  const withToken = { 'X-UploadToken': upload.uploadToken }
  const ask = () => fetch(`${app.url}/upload/${upload.id}`, { headers: withToken })

  const statuses = await statusesOf(100, ask)

  expect([statuses[0], statuses.at(-1)]).toEqual([200, 429])
  expect(await statusesOf(2, () => fetch(`${app.url}/health`))).toEqual([200, 200])
})

test.each([0, -86_400_000, 86_400_000])(
  'a limit ends after a minute, also where the clock was set by %i ms',
  async (leap) => {
    const app = await makeApp({ RATE_LIMIT: '3' })
    const create = () => fetch(`${app.url}/upload`, { method: 'POST' })
    await times(3, () => guess(app))
    await times(3, create)

    app.leap(leap)
    app.advance(59_000)
    const refusals = [await guess(app), await create()]
    expect(refusals.map(({ status, headers }) => [status, headers.get('Retry-After')])).toEqual(
      Array(2).fill([429, '1']),
    )
    app.advance(1_001)
    expect([(await guess(app)).status, (await create()).status]).toEqual([404, 200])
  },
)

test('RATE_LIMIT=off switches the limits off', async () => {
  const app = await makeApp({ RATE_LIMIT: 'off' })

  expect(await statusesOf(20, () => guess(app))).toEqual(Array(20).fill(404))
})
