import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { FORM_TYPE, filePart, form, part } from '../../helpers/form.ts'
import { makeApp, sharedApp, type TestApp } from '../../helpers/make-app.ts'

const app = sharedApp()

/** Options of quick uploads: in the query, in `X-Mayfly-…` headers, in form fields (design §1). */

const put = (app: TestApp, path: string, headers: Record<string, string> = {}) =>
  fetch(app.url + path, { method: 'PUT', headers: { Accept: 'application/json', ...headers }, body: 'hello' })

const post = (app: TestApp, path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(app.url + path, {
    method: 'POST',
    headers: { Accept: 'application/json', 'Content-Type': FORM_TYPE, ...headers },
    body,
  })

const field = (name: string, value: string) => part(`name="${name}"`, value)
const FILE = filePart('a', 'hello')

const ALL = {
  ttl: 3600,
  oneShot: false,
  removable: true,
  extend_ttl: true,
  maxDownloads: 3,
  comments: 'hi there',
  protectedByPassword: true,
}

test('all options by query, for a body and for a form', async () => {
  const app = await makeApp({ FEATURE_EXTEND_TTL: 'enabled' })
  const query = '?ttl=1h&removable=true&extendTtl&maxDownloads=3&comments=hi%20there&login=ann&password=geheim'

  expect(await jsonOf(put(app, `/a${query}`))).toMatchObject(ALL)
  expect(await jsonOf(post(app, `/${query}`, form(FILE)))).toMatchObject(ALL)
})

test('all options by header, with dashes or without', async () => {
  const app = await makeApp({ FEATURE_EXTEND_TTL: 'enabled' })
  const headers = {
    'X-Mayfly-TTL': '3600',
    'X-Mayfly-Removable': 'yes',
    'X-Mayfly-Extend-TTL': '1',
    'X-Mayfly-MaxDownloads': '3',
    'X-Mayfly-Comments': 'hi there',
    'X-Mayfly-Login': 'ann',
    'X-Mayfly-Password': 'geheim',
  }

  expect(await jsonOf(put(app, '/a', headers))).toMatchObject(ALL)
  expect(await jsonOf(post(app, '/', form(FILE), headers))).toMatchObject(ALL)
})

test('all options by form field, before and after the file', async () => {
  const app = await makeApp({ FEATURE_EXTEND_TTL: 'enabled' })
  const fields = [
    ...[field('ttl', '1h'), field('Removable', 'on'), field('extendTtl', 'true'), field('maxDownloads', '3')],
    ...[field('comments', 'hi there'), field('login', 'ann'), field('password', 'geheim')],
  ]

  expect(await jsonOf(post(app, '/', form(...fields, FILE)))).toMatchObject(ALL)
  expect(await jsonOf(post(app, '/', form(FILE, ...fields)))).toMatchObject(ALL)
  expect(await jsonOf(post(app, '/', form(FILE, FILE, ...fields)))).toMatchObject(ALL)
})

test('a password that comes after the file protects it, with one file and with several', async () => {
  const app = await makeApp({ FEATURE_PASSWORD: 'forced' })
  const linksOf = async (body: string) =>
    (await jsonOf<{ links: string[] }>(post(app, '/', body))).links.map((link) => app.url + link)

  const [one = ''] = await linksOf(form(FILE, field('password', 'geheim')))
  const [first = ''] = await linksOf(form(FILE, FILE, field('password', 'geheim')))

  const headers = { Authorization: `Basic ${btoa('plik:geheim')}` }
  const statuses = await Promise.all([fetch(one), fetch(first), fetch(one, { headers }), fetch(first, { headers })])
  expect(statuses.map(({ status }) => status)).toEqual([401, 401, 200, 200])
})

test('the query wins over a header, and a field over both', async () => {
  expect(await jsonOf(put(app, '/a?ttl=60', { 'X-Mayfly-TTL': '50' }))).toMatchObject({ ttl: 60 })
  expect(await jsonOf(post(app, '/?ttl=60', form(FILE, field('ttl', '70'))))).toMatchObject({ ttl: 70 })
  expect(await jsonOf(put(app, '/a?ttl=50&ttl=60'))).toMatchObject({ ttl: 60 })
})

test('nothing said means the defaults, and so does an empty form field', async () => {
  const defaults = { ttl: 2_592_000, oneShot: false, removable: false, comments: '', protectedByPassword: false }

  expect(await jsonOf(put(app, '/a'))).toMatchObject(defaults)
  expect(await jsonOf(post(app, '/', form(FILE, field('ttl', ''), field('password', ''))))).toMatchObject(defaults)
})

test('a TTL is seconds or a duration, -1 and "unlimited" mean forever', async () => {
  const app = await makeApp({ MAX_TTL: '0' })
  const ttls = ['90', '90s', '1h30m', '2d', '-1', 'unlimited']

  const uploads = await Promise.all(ttls.map((ttl) => jsonOf(put(app, `/a?ttl=${ttl}`))))

  expect(uploads.map(({ ttl }) => ttl)).toEqual([90, 90, 5400, 172_800, -1, -1])
})

test('a flag takes what people write for yes and no', async () => {
  const app = await makeApp()
  const flags = ['', '=', '=true', '=1', '=on', '=YES', '=false', '=0', '=off', '=No']

  const uploads = await Promise.all(flags.map((flag) => jsonOf(put(app, `/a?removable${flag}`))))

  expect(uploads.map(({ removable }) => removable)).toEqual([...Array(6).fill(true), ...Array(4).fill(false)])
})

const REFUSED = [
  ['/a?oneshoot=true', 'unknown option oneshoot, allowed are '],
  ['/a?ttl=soon', 'invalid ttl, expected a duration such as 90s, 12h or 30d, or -1 for no limit'],
  ['/a?ttl=1.5h', 'invalid ttl, expected '],
  ['/a?ttl=', 'invalid ttl, expected '],
  ['/a?oneShot=maybe', 'invalid oneShot, expected true or false'],
  ['/a?maxDownloads=-1', 'invalid maxDownloads, expected a whole number'],
  ['/a?maxDownloads=1e3', 'invalid maxDownloads, expected a whole number'],
  ['/a?maxDownloads=1000001', 'unable to create upload : invalid maxDownloads. (must be from 1 to 1000000)'],
  ['/a?ttl=31d', 'unable to create upload : invalid TTL. (maximum allowed is : 2592000)'],
  ['/a?ttl=-1', 'unable to create upload : cannot set infinite TTL (maximum allowed is : 2592000)'],
  ['/a?comments=a%00b', 'unable to create upload : comments must not contain NUL characters'],
  ['/a?__proto__=1', 'unknown option __proto__, allowed are '],
  ['/a?constructor=1', 'unknown option constructor, allowed are '],
] as const

test('a mistyped option is refused: it must not make a link that works forever', async () => {
  const answers = await Promise.all(
    REFUSED.map(async ([path]) => answerOf(fetch(app.url + path, { method: 'PUT', body: 'hello' }))),
  )

  expect(answers).toEqual(REFUSED.map(([, message]) => [400, expect.stringContaining(message)]))
})

test('a wrong header and a wrong field are refused too, an unknown field belongs to the form', async () => {
  expect((await put(app, '/a', { 'X-Mayfly-Oneshoot': '1' })).status).toBe(400)
  expect((await put(app, '/a', { 'X-Mayfly-TTL': 'soon' })).status).toBe(400)
  expect((await post(app, '/', form(FILE, field('ttl', 'soon')))).status).toBe(400)
  expect((await post(app, '/', form(FILE, field('submit', 'Upload')))).status).toBe(200)
})

test('an option that is refused from the start is refused before the bytes are read', async () => {
  const { status } = await fetch(`${app.url}/a?ttl=31d`, {
    method: 'PUT',
    body: 'x'.repeat(20_000_000),
  })

  expect(status).toBe(400)
})

test('oneShot makes a link that works once', async () => {
  const link = (await (await fetch(`${app.url}/a?oneShot`, { method: 'PUT', body: 'hello' })).text()).trim()

  expect(await answerOf(fetch(link))).toEqual([200, 'hello'])
  expect((await fetch(link)).status).toBe(404)
})
