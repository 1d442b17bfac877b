import { expect, test } from 'vitest'
import { answerOf } from '../../helpers/answers.ts'
import { createUpload } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { sendRaw } from '../../helpers/raw-http.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'

/** Who calls: the socket, or what a proxy of ours says (Plik §3.6, §3.11; P4). The tests themselves call from 127.0.0.1. */

const UNTRUSTED: [number, string] = [403, 'untrusted source IP address\n']

const create = (app: TestApp, forwarded?: string, header = 'X-Forwarded-For') =>
  fetch(`${app.url}/upload`, { method: 'POST', headers: forwarded === undefined ? {} : { [header]: forwarded } })

test.for(['127.0.0.1', '127.0.0.0/8', '192.0.2.1, 127.0.0.1', '::ffff:127.0.0.1'])(
  'an address in the whitelist %s may upload (Plik §6.3)',
  async (list) => {
    const app = await makeApp({ UPLOAD_WHITELIST: list })

    expect((await create(app)).status).toBe(200)
  },
)

test.for(['1.1.1.1', '127.0.0.2', '::1', '10.0.0.0/8,2001:db8::/32'])(
  'an address that is not in the whitelist %s may not, through any door (Plik §2.2)',
  async (list) => {
    const app = await makeApp({ UPLOAD_WHITELIST: list })
    const form = new FormData()
    form.append('file', new Blob(['x']), 'a')

    expect(await answerOf(create(app))).toEqual(UNTRUSTED)
    expect(await answerOf(fetch(`${app.url}/`, { method: 'POST', body: form }))).toEqual(UNTRUSTED)
    expect(await answerOf(fetch(`${app.url}/a`, { method: 'PUT', body: 'x' }))).toEqual(UNTRUSTED)
  },
)

test('reading, adding with a token and removing are open to every address (Plik §3.6)', async () => {
  const app = await makeApp({ UPLOAD_WHITELIST: '192.0.2.1', SOURCE_IP_HEADER: 'X-Forwarded-For' })
  const { id, uploadToken } = (await (await create(app, '192.0.2.1')).json()) as { id: string; uploadToken: string }
  const headers = { 'X-UploadToken': uploadToken, 'X-Forwarded-For': '198.51.100.1' }
  const body = new FormData()
  body.append('file', new Blob(['x']), 'a')

  expect((await fetch(`${app.url}/upload/${id}`, { headers })).status).toBe(200)
  expect((await fetch(`${app.url}/file/${id}`, { method: 'POST', headers, body })).status).toBe(200)
  expect((await fetch(`${app.url}/upload/${id}`, { method: 'DELETE', headers })).status).toBe(200)
})

test('the configured header of a trusted proxy is believed, in any spelling (Plik §6.3)', async () => {
  const app = await makeApp({ UPLOAD_WHITELIST: '1.1.1.1', SOURCE_IP_HEADER: 'X-Remote-Ip' })

  expect(await answerOf(create(app))).toEqual(UNTRUSTED)
  expect((await create(app, '1.1.1.1', 'x-remote-ip')).status).toBe(200)
  expect(await answerOf(create(app, '1.1.1.1', 'X-Forwarded-For'))).toEqual(UNTRUSTED)
})

test('without the setting no header is believed (P4)', async () => {
  const app = await makeApp({ UPLOAD_WHITELIST: '1.1.1.1' })

  expect(await answerOf(create(app, '1.1.1.1'))).toEqual(UNTRUSTED)
  expect(await answerOf(create(app, '1.1.1.1', 'X-Real-IP'))).toEqual(UNTRUSTED)
  expect(await answerOf(create(app, 'for=1.1.1.1', 'Forwarded'))).toEqual(UNTRUSTED)
})

test('a client that is no trusted proxy can not choose its address (P4)', async () => {
  const settings = { UPLOAD_WHITELIST: '1.1.1.1', SOURCE_IP_HEADER: 'X-Forwarded-For', TRUSTED_PROXIES: '10.0.0.0/8' }
  const app = await makeApp(settings)

  expect(await answerOf(create(app, '1.1.1.1'))).toEqual(UNTRUSTED)
  expect(await answerOf(create(app, 'nonsense'))).toEqual(UNTRUSTED)
})

const LISTS = [
  ['1.1.1.1', 200],
  ['6.6.6.6, 1.1.1.1', 200],
  ['1.1.1.1, 6.6.6.6', 403],
  ['1.1.1.1, 10.0.0.1', 200],
  ['6.6.6.6,1.1.1.1 , 10.0.0.2,10.0.0.1', 200],
  ['10.0.0.1', 403],
  ['::ffff:1.1.1.1', 200],
] as const

test('of a list the last address that is no proxy of ours counts (Plik §8.13)', async () => {
  const settings = { SOURCE_IP_HEADER: 'X-Forwarded-For', TRUSTED_PROXIES: 'loopback,10.0.0.0/8' }
  const app = await makeApp({ UPLOAD_WHITELIST: '1.1.1.1', ...settings })

  const answers = await Promise.all(LISTS.map(async ([list]) => [list, (await create(app, list)).status]))

  expect(answers).toEqual(LISTS)
})

test('a header that is repeated is one list', async () => {
  const app = await makeApp({ UPLOAD_WHITELIST: '1.1.1.1', SOURCE_IP_HEADER: 'X-Forwarded-For' })
  const head = ['POST /upload HTTP/1.1', 'Host: h', 'Content-Length: 0']

  const first = await sendRaw(app, [...head, 'X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 6.6.6.6'])
  const last = await sendRaw(app, [...head, 'X-Forwarded-For: 6.6.6.6', 'X-Forwarded-For: 1.1.1.1'])

  expect([first.status, last.status]).toEqual([403, 200])
})

test('claims of a caller are never looked at, however they are written', async () => {
  const settings = { SOURCE_IP_HEADER: 'X-Forwarded-For', TRUSTED_PROXIES: 'loopback,10.0.0.0/8' }
  const app = await makeApp({ UPLOAD_WHITELIST: '1.1.1.1', ...settings })
  const claims = ['unknown', 'nonsense', '_hidden', '999.1.1.1', '6.6.6.6:99999', '"', '[::1', 'a\tb']

  for (const claim of claims) {
    expect([claim, (await create(app, `${claim}, 1.1.1.1`)).status]).toEqual([claim, 200])
    expect([claim, (await create(app, `${claim}, 1.1.1.1, 10.0.0.1`)).status]).toEqual([claim, 200])
    expect([claim, (await create(app, `1.1.1.1, ${claim}, 6.6.6.6`)).status]).toEqual([claim, 403])
    expect([claim, (await create(app, `1.1.1.1, ${claim}, 10.0.0.1`)).status]).toEqual([claim, 403])
  }
})

test.for([
  '1.1.1.1:80',
  '1.1.1.1:65535',
  '[2001:db8::1]',
  '[2001:db8::1]:443',
  '2001:db8::1',
  '[::ffff:1.1.1.1]:80',
  '1.1.1.1,',
  ' , 1.1.1.1',
])('the address %s may have a port', async (address) => {
  const app = await makeApp({ UPLOAD_WHITELIST: '1.1.1.1, 2001:db8::1', SOURCE_IP_HEADER: 'X-Forwarded-For' })

  expect((await create(app, address)).status).toBe(200)
})

const FORWARDED = [
  ['for=1.1.1.1', 200],
  ['For="1.1.1.1:4711";proto=https;by=10.0.0.1', 200],
  ['proto=https; for=1.1.1.1', 200],
  ['for="[2001:db8::1]:4711"', 200],
  ['for=6.6.6.6, for=1.1.1.1', 200],
  ['for=1.1.1.1, for=6.6.6.6', 403],
  ['for=unknown, for=_hidden;by=x, for=1.1.1.1;host="a, for=6.6.6.6", for=10.0.0.1', 200],
  ['for=1.1.1.1;a=", for=6.6.6.6;host="h"', 403],
  ['for=1.1.1.1;a=", for="[2001:db8::6]"', 403],
  ['host="x;for=1.1.1.1";for=6.6.6.6', 403],
  ['for=1.1.1.1;host="x;for=6.6.6.6"', 200],
  ['for=unknown', 400],
  ['proto=https', 400],
  ['1.1.1.1', 400],
] as const

test('the header Forwarded is read where it is named (RFC 7239)', async () => {
  const settings = { SOURCE_IP_HEADER: 'Forwarded', TRUSTED_PROXIES: 'loopback,10.0.0.0/8' }
  const app = await makeApp({ UPLOAD_WHITELIST: '1.1.1.1, 2001:db8::1', ...settings })

  const answers = await Promise.all(
    FORWARDED.map(async ([header]) => [header, (await create(app, header, 'Forwarded')).status]),
  )

  expect(answers).toEqual(FORWARDED)
})

const NO_ADDRESSES = [
  'nonsense',
  '1.1.1',
  '1.1.1.1:',
  '1.1.1.1:x',
  '1.1.1.1 2.2.2.2',
  '999.1.1.1',
  '0x1.1.1.1',
  '[1.1.1.1]',
  '2001:db8::1]:80',
  '6.6.6.6, unknown',
  ',',
]

test('a trusted proxy that passes on no address is refused on all routes but static ones (Plik §1.1)', async () => {
  const app = await makeApp({ SOURCE_IP_HEADER: 'X-Forwarded-For' })
  const asked = (path: string, method: string) => (address: string) =>
    answerOf(fetch(app.url + path, { method, headers: { 'X-Forwarded-For': address } }))

  const invalid = NO_ADDRESSES.map(() => [400, 'invalid IP address\n'])
  expect(await Promise.all(NO_ADDRESSES.map(asked('/upload', 'POST')))).toEqual(invalid)
  expect(await Promise.all(NO_ADDRESSES.map(asked('/upload/x', 'GET')))).toEqual(invalid)
  expect(await Promise.all(NO_ADDRESSES.map(asked('/a', 'PUT')))).toEqual(invalid)
  const statusOf = async (path: string) => [path, (await asked(path, 'GET')('nonsense'))[0]]
  const refused = ['/file/x/y/z', '/archive/x/a.zip', '/me', '/uploads']
  const open = ['/config', '/version', '/qrcode']
  expect(await Promise.all([...refused, ...open].map(statusOf))).toEqual([
    ...refused.map((path) => [path, 400]),
    ...open.map((path) => [path, 200]),
  ])
  expect(await asked('/health', 'GET')('nonsense')).toEqual([200, 'ok\n'])
})

test('the address that is kept with an upload is the believed one, and never told (P14)', async () => {
  const { app, db } = await makeAppWithDatabase({ SOURCE_IP_HEADER: 'X-Forwarded-For' })

  const response = await create(app, '6.6.6.6, 2001:db8::1')
  await createUpload(app)

  const rows = await db.selectFrom('uploads').select('sourceAddress').orderBy('sourceAddress').execute()
  expect(rows.map(({ sourceAddress }) => sourceAddress).sort()).toEqual(['127.0.0.1', '2001:db8::1'])
  expect(await response.text()).not.toContain('2001:db8')
})
