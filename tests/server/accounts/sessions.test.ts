import bcrypt from 'bcryptjs'
import { expect, test } from 'vitest'
import {
  givenSession,
  givenUser,
  headersOf,
  logIn,
  PASSWORD,
  sessionOf,
  WITH_ACCOUNTS,
} from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { migratedDatabase, temporaryFolder } from '../../helpers/database.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'

/** Logging in and out, and what the cookies are worth (Plik §1.1 ④ to ⑦, §1.10, §3.11, §3.12). */

const DAY_MS = 86_400_000
/** Of cost 12; Plik's have 14, which takes seconds. */
const IMPORTED_HASH = '$2b$12$UvwQrC9apTEXEpMh80LA7.WJQZT5NiMGfby1yvSQMtZ1by6SZ1/Di'

const me = (app: TestApp, headers: Record<string, string> = {}) => fetch(`${app.url}/me`, { headers })

const rename = (app: TestApp, headers: Record<string, string>) =>
  fetch(`${app.url}/me`, { method: 'PATCH', headers, body: '{"name":"Ada"}' })

const post = (app: TestApp, body: string) => fetch(`${app.url}/auth/local/login`, { method: 'POST', body })

test('who logs in is known from then on (Plik §1.10, /me)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  await givenUser(app, 'grace', { name: 'Grace', email: 'grace@example.org', isAdmin: true })

  const answer = await logIn(app, 'grace')
  const seen = await jsonOf(me(app, headersOf(answer)))

  expect(await answerOf(answer)).toEqual([200, 'ok'])
  expect(seen).toEqual({
    id: 'local:grace',
    provider: 'local',
    login: 'grace',
    name: 'Grace',
    email: 'grace@example.org',
    admin: true,
    maxFileSize: 0,
    maxUserSize: 0,
    maxTTL: 0,
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  })
})

test('the cookies are those that Plik sets, for the same site only (Plik §3.12)', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, SESSION_TIMEOUT: '2h', PATH_PREFIX: '/files' })
  await givenUser(app, 'grace')

  const cookies = (await logIn(app, 'grace')).headers.getSetCookie()

  expect(cookies).toEqual([
    expect.stringMatching(/^plik-session=[A-Za-z0-9]{32}; Max-Age=7200; Path=\/files; HttpOnly; SameSite=Lax$/),
    expect.stringMatching(/^plik-xsrf=[A-Za-z0-9]{32}; Max-Age=7200; Path=\/files; SameSite=Lax$/),
  ])
})

const HTTPS: [string, Record<string, string>, Record<string, string>][] = [
  ['enhanced web security', { ENHANCED_WEB_SECURITY: 'true' }, {}],
  ['a public address on HTTPS', { PUBLIC_URL: 'https://files.example.org' }, {}],
  ['a trusted proxy that says so', {}, { 'X-Forwarded-Proto': 'https' }],
]

test.for(HTTPS)('with %s the session is bound to HTTPS and to this host', async ([, settings, headers]) => {
  const app = await makeApp({ ...WITH_ACCOUNTS, ...settings })
  await givenUser(app, 'grace')

  const answer = await logIn(app, 'grace', PASSWORD, headers)
  const session = { ...headersOf(answer), ...headers }
  const unbound = { ...session, Cookie: session.Cookie.replace('__Host-', '') }

  expect(answer.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^__Host-plik-session=.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    expect.stringMatching(/^plik-xsrf=.*; Path=\/; Secure; SameSite=Lax$/),
  ])
  expect((await me(app, session)).status).toBe(200)
  expect((await me(app, unbound)).status).toBe(401)
  const over = await fetch(`${app.url}/auth/logout`, { headers: session })
  expect(over.headers.getSetCookie()[0]).toMatch(/^__Host-plik-session=; Max-Age=0; Path=\/; .*; Secure; SameSite=Lax$/)
  expect((await me(app, session)).status).toBe(403)
})

test('below a path prefix the cookies are bound to HTTPS and to the path', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, PATH_PREFIX: '/files', ENHANCED_WEB_SECURITY: 'true' })
  await givenUser(app, 'grace')

  const answer = await logIn(app, 'grace')

  expect(answer.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^plik-session=.*; Path=\/files; HttpOnly; Secure; SameSite=Lax$/),
    expect.stringMatching(/^plik-xsrf=.*; Path=\/files; Secure; SameSite=Lax$/),
  ])
  expect((await me(app, headersOf(answer))).status).toBe(200)
})

test('nobody is told whether the user or the password was wrong (Plik §1.10)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  await givenUser(app, 'grace')

  expect(await answerOf(logIn(app, 'grace', 'wrong password'))).toEqual([403, 'invalid credentials\n'])
  expect(await answerOf(logIn(app, 'nobody'))).toEqual([403, 'invalid credentials\n'])
  expect(await answerOf(logIn(app, 'Grace'))).toEqual([403, 'invalid credentials\n'])
})

test('the time of an answer does not tell whose slower password hash came from Plik', async () => {
  const { app, db } = await makeAppWithDatabase(WITH_ACCOUNTS)
  await givenUser(app, 'grace')
  await givenUser(app, 'imported')
  await db.updateTable('users').set({ passwordHash: IMPORTED_HASH }).where('login', '=', 'imported').execute()
  const start = performance.now()
  await bcrypt.compare('wrong password', IMPORTED_HASH)
  const least = (performance.now() - start) / 2 // the machine may have been busier than later

  for (const login of ['nobody', 'grace']) {
    const begun = performance.now()
    expect((await logIn(app, login, 'wrong password')).status).toBe(403)
    expect([login, performance.now() - begun > least]).toEqual([login, true])
  }
})

test('the work for an answer does not tell who has an account, without any password from Plik either', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  await givenUser(app, 'grace')
  /** Of the CPU, which other processes do not prolong as they do the time of an answer. */
  const workFor = async (login: string) => {
    const before = process.cpuUsage()
    expect((await logIn(app, login, 'wrong password')).status).toBe(403)
    return process.cpuUsage(before).user
  }
  const least = async (login: string) => Math.min(await workFor(login), await workFor(login), await workFor(login))

  expect(await least('nobody')).toBeGreaterThan((await least('grace')) / 2)
})

test('a login that is not complete says what is missing (Plik §1.10)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)

  expect(await answerOf(post(app, ''))).toEqual([400, 'unable to deserialize request body : missing\n'])
  expect(await answerOf(post(app, '{'))).toEqual([400, expect.stringMatching(/^unable to deserialize request body : /)])
  expect(await answerOf(post(app, '{"password":"x"}'))).toEqual([400, 'missing login\n'])
  expect(await answerOf(post(app, '{"login":"x"}'))).toEqual([400, 'missing password\n'])
})

test('logins and passwords that are too long for any account are told so, and not remembered', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const [longest, longer] = ['x'.repeat(1024), 'x'.repeat(1025)] as const

  expect((await logIn(app, longest, longest)).status).toBe(403)
  expect(await answerOf(logIn(app, longer))).toEqual([400, 'login is too long (max 1024 bytes)\n'])
  expect(await answerOf(logIn(app, 'grace', longer))).toEqual([400, 'password is too long (max 1024 bytes)\n'])
})

test('without authentication there is no login, cookies count for nothing, and logging out is fine (Plik §5)', async () => {
  const app = await makeApp()
  await givenUser(app, 'grace')

  expect(await answerOf(logIn(app, 'grace'))).toEqual([400, 'authentication is disabled\n'])
  expect(await answerOf(me(app, { Cookie: 'plik-session=x' }))).toEqual([
    401,
    'you must be authenticated, please login first\n',
  ])
  expect(await answerOf(fetch(`${app.url}/auth/logout`))).toEqual([200, ''])
})

test('local logins can be switched off (Plik 1.4)', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, FEATURE_LOCAL_LOGIN: 'disabled' })
  await givenUser(app, 'grace')

  expect(await answerOf(logIn(app, 'grace'))).toEqual([400, 'local login is disabled\n'])
})

test('a stale cookie does not keep anybody from logging in', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  await givenUser(app, 'grace')

  expect((await logIn(app, 'grace', PASSWORD, { Cookie: 'plik-session=stale' })).status).toBe(200)
})

test('who is not logged in is told so, without a password prompt of the browser (Plik §1.1 ⑥)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)

  const answer = await me(app)

  expect(await answerOf(answer)).toEqual([401, 'you must be authenticated, please login first\n'])
  expect(answer.headers.get('www-authenticate')).toBeNull()
})

test('an unknown session is refused everywhere, and its cookies go (Plik §1.1 ④)', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, PATH_PREFIX: '/files' })
  const headers = { Cookie: 'plik-session=unknown; plik-xsrf=x' }

  const answer = await me(app, headers)
  const upload = fetch(`${app.url}/upload`, { method: 'POST', headers })

  expect(await answerOf(answer)).toEqual([403, 'invalid session\n'])
  expect(answer.headers.getSetCookie()).toEqual([
    'plik-session=; Max-Age=0; Path=/files; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
    'plik-xsrf=; Max-Age=0; Path=/files; Expires=Thu, 01 Jan 1970 00:00:00 GMT; SameSite=Lax',
  ])
  expect(await answerOf(upload)).toEqual([403, 'invalid session\n'])
})

test('a change needs the value of the second cookie in its header (Plik §3.11)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  const other = await givenSession(app, 'mallory')

  expect(await answerOf(rename(app, { Cookie: headers.Cookie }))).toEqual([403, 'missing xsrf header\n'])
  expect(await answerOf(rename(app, { ...headers, 'X-XSRFToken': other.headers['X-XSRFToken'] }))).toEqual([
    403,
    'invalid xsrf header\n',
  ])
  expect(await jsonOf(rename(app, headers))).toMatchObject({ name: 'Ada' })
})

test('logging out ends the session on the server (Plik §3.12, done better)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  const elsewhere = await sessionOf(app, 'grace')

  const answer = await fetch(`${app.url}/auth/logout`, { headers })

  expect(answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0])).toEqual(['plik-session=', 'plik-xsrf='])
  expect(await answerOf(answer)).toEqual([200, ''])
  expect((await me(app, headers)).status).toBe(403)
  expect((await me(app, elsewhere)).status).toBe(200)
})

test('a session lasts until the very moment that was set', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, SESSION_TIMEOUT: '30d' })
  const { headers } = await givenSession(app, 'grace')

  app.advance(30 * DAY_MS - 1)
  const before = await me(app, headers)
  app.advance(1)
  const after = await me(app, headers)

  expect([before.status, after.status]).toEqual([200, 403])
})

test('a session holds on every replica and outlives a restart', async () => {
  const settings = { ...WITH_ACCOUNTS, DATA_DIR: temporaryFolder(), DATABASE_URL: await migratedDatabase() }
  const app = await makeApp(settings)
  const { headers } = await givenSession(app, 'grace')

  const other = await makeApp(settings)

  expect(await jsonOf(me(other, headers))).toMatchObject({ id: 'local:grace' })
})

test('the database holds nothing that opens a session, and drops those that are over', async () => {
  const { app, db } = await makeAppWithDatabase({ ...WITH_ACCOUNTS, SESSION_TIMEOUT: '1d' })
  const { headers } = await givenSession(app, 'grace')
  const first = await db.selectFrom('sessions').selectAll().execute()
  app.advance(DAY_MS)
  await sessionOf(app, 'grace')
  const second = await db.selectFrom('sessions').selectAll().execute()

  const secrets = headers.Cookie.split('; ').map((pair) => pair.split('=')[1] as string)
  expect(secrets.map((secret) => JSON.stringify(first).includes(secret))).toEqual([false, false])
  expect(second).toHaveLength(1)
  expect(second[0]?.id).not.toBe(first[0]?.id)
})

test('the eleventh wrong password in a minute is one too many, and then even the right one', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  await givenUser(app, 'grace')
  await givenUser(app, 'edith')

  const misses = []
  for (let index = 0; index < 10; index += 1) misses.push((await logIn(app, 'grace', `wrong ${index}`)).status)
  const eleventh = await logIn(app, 'grace', 'wrong')

  expect(misses).toEqual(Array(10).fill(403))
  expect(eleventh.status).toBe(429)
  expect(Number(eleventh.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect((await logIn(app, 'grace')).status).toBe(429)
  expect((await logIn(app, 'edith')).status).toBe(200)
})

test('logins with the right password do not count, however many there are in a minute', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  await givenUser(app, 'grace')

  const statuses = []
  for (let index = 0; index < 12; index += 1) statuses.push((await logIn(app, 'grace')).status)

  expect(statuses).toEqual(Array(12).fill(200))
})

test('wrong passwords from one address keep out nobody at another', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, SOURCE_IP_HEADER: 'X-Forwarded-For' })
  await givenUser(app, 'grace')
  const from = (address: string, password: string) =>
    logIn(app, 'grace', password, { 'X-Forwarded-For': address }).then(({ status }) => status)

  for (let index = 0; index < 11; index += 1) await from('192.0.2.1', `wrong ${index}`)

  expect(await from('192.0.2.1', PASSWORD)).toBe(429)
  expect(await from('192.0.2.2', PASSWORD)).toBe(200)
})

test('thirty guesses at the same moment are ten guesses', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  await givenUser(app, 'grace')

  const guesses = await Promise.all(Array.from({ length: 30 }, (_, index) => logIn(app, 'grace', `wrong ${index}`)))

  expect(guesses.map(({ status }) => status).sort()).toEqual([...Array(10).fill(403), ...Array(20).fill(429)])
})
