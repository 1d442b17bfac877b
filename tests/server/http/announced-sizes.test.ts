import { expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { jsonOf } from '../../helpers/answers.ts'
import { type CreatedUpload, createUpload, givenFile } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { BOUNDARY, FORM_END, formPart, head, rawClient } from '../../helpers/raw-client.ts'
import { createRequest } from '../file-requests/given.ts'

/** What can't fit is refused by its announced size, before `100 Continue` makes its sender send it. */

const MB = 1_000_000
const FORM = { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` }
const TUS = { 'Tus-Resumable': '1.0.0' }
const OFFSET = { ...TUS, 'Content-Type': 'application/offset+octet-stream' }

type Headers = Record<string, string | number>

async function ask(app: TestApp, method: string, path: string, headers: Headers) {
  const client = await rawClient(app.url)
  await client.send(head(method, path, { Expect: '100-continue', ...headers }))
  return client
}

/** Everything that a client can send a file to, as a path with headers. */
async function routesFor(app: TestApp, headers: Headers): Promise<[string, string, Headers, number][]> {
  const json = { method: 'POST', headers: headers as Record<string, string> }
  const body = JSON.stringify({ files: [{ fileName: 'a' }] })
  const upload = await jsonOf<CreatedUpload>(fetch(`${app.url}/upload`, { ...json, body }))
  const token = { 'X-UploadToken': upload.uploadToken }
  const { requestToken } = (await (await createRequest(app, upload)).json()) as { requestToken: string }
  const guest = { 'X-RequestToken': requestToken }
  const created = await fetch(`${app.url}/tus`, {
    ...json,
    headers: { ...json.headers, ...TUS, 'Upload-Defer-Length': '1' },
  })
  const { pathname } = new URL(created.headers.get('location') ?? '', `${app.url}/tus`)
  return [
    ['PUT', '/x.bin', headers, 400],
    ['PUT', '/x.bin', { ...headers, 'User-Agent': 'curl/8' }, 400],
    ['POST', '/', { ...headers, ...FORM }, 400],
    ['POST', `/file/${upload.id}`, { ...token, ...FORM }, 400],
    ['POST', `/file/${upload.id}/${upload.files?.[0]?.id}/a`, { ...token, ...FORM }, 400],
    ['PUT', '/request/a', guest, 400],
    ['POST', '/request', { ...guest, ...FORM }, 400],
    ['POST', '/tus', { ...headers, ...OFFSET, 'Upload-Length': 50 * MB }, 413],
    ['POST', '/tus', { ...headers, 'Upload-Complete': '?1' }, 413],
    ['PATCH', pathname, { ...OFFSET, 'Upload-Offset': 0 }, 413],
    ['PATCH', pathname, { 'Upload-Offset': 0, 'Upload-Complete': '?1' }, 413],
    ['PUT', pathname, {}, 413],
  ]
}

test.each([
  ['limit of a file', { MAX_FILE_SIZE: '10MB', MAX_FILES_PER_UPLOAD: '1' }],
  ['quota', { MAX_USER_SIZE: '10MB' }],
])(
  'what exceeds the %s is refused on every route before it is sent',
  async (_what, settings: Record<string, string>) => {
    const app = await makeApp({ ...WITH_ACCOUNTS, ...settings })
    const { headers } = await givenSession(app, 'grace')

    for (const [method, path, given, status] of await routesFor(app, headers)) {
      const client = await ask(app, method, path, { ...given, 'Content-Length': 50 * MB })
      expect([method, path, await client.informed()]).toEqual([method, path, status])
      expect((await client.answer()).headers.connection).toBe('close')
    }
  },
)

test('below the floor of free space no route accepts a byte, and what is there can be read and removed (P31)', async () => {
  const roomy = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(roomy, 'grace')
  const all = await routesFor(roomy, headers)
  const { upload, url } = await givenFile(roomy)
  const { dataDir: DATA_DIR, databaseUrl: DATABASE_URL } = roomy
  const app = await makeApp({ ...WITH_ACCOUNTS, DATA_DIR, DATABASE_URL, MIN_FREE_SPACE: '8PB' })

  for (const [method, path, given] of all) {
    const client = await ask(app, method, path, { ...given, 'Content-Length': 1000 })
    expect([method, path, await client.informed()]).toEqual([method, path, 507])
    expect((await client.answer()).body).toBe('no space left on the server\n')
  }
  const there = url.replace(roomy.url, app.url)
  expect(await (await fetch(there)).text()).toBe('hello')
  expect((await fetch(there, { method: 'DELETE', headers: { 'X-UploadToken': upload.uploadToken } })).status).toBe(200)
})

test('what fits is asked for, and taken', async () => {
  const app = await makeApp({ MAX_FILE_SIZE: '10MB' })
  const form = `${formPart('file', 'x.bin')}${'x'.repeat(2 * MB)}${FORM_END}`
  const sent: [string, string, Headers, string][] = [
    ['PUT', '/x.bin', {}, 'x'.repeat(2 * MB)],
    ['POST', '/', FORM, form],
    ['POST', '/upload', {}, '{}'],
  ]

  for (const [method, path, headers, body] of sent) {
    const client = await ask(app, method, path, { ...headers, 'Content-Length': body.length })
    expect(await client.informed()).toBe(100)
    await client.send(body)
    const answer = await client.answer()
    expect([answer.status, answer.headers.connection]).toEqual([200, 'keep-alive'])
  }
})

test('a declared file is held to its size before it is sent', async () => {
  const app = await makeApp()
  const upload = await createUpload(app, { files: [{ fileName: 'a', fileSize: 1000 }] })
  const path = `/file/${upload.id}/${upload.files?.[0]?.id}/a`

  const client = await ask(app, 'POST', path, {
    'X-UploadToken': upload.uploadToken,
    ...FORM,
    'Content-Length': 5 * MB,
  })

  expect(await client.informed()).toBe(400)
  expect((await client.answer()).body).toBe('the file does not have the 1000 bytes that were declared\n')
})
