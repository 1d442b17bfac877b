import { expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { sendRaw } from '../../helpers/raw-http.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'

/** `plik --login`: a program gets a token without seeing a password (Plik 1.4, /auth/cli). */

interface Begun {
  id: string
  code: string
  secret: string
  verifyURL: string
  expiresIn: number
}

const ask = (app: TestApp, step: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${app.url}/auth/cli/${step}`, { method: 'POST', headers, body: JSON.stringify(body) })

const begin = (app: TestApp, hostname = 'laptop') => jsonOf<Begun>(ask(app, 'init', { hostname }))

const poll = (app: TestApp, { code, secret }: Begun) => ask(app, 'poll', { code, secret })

test('a program shows a code, its user approves it, and the program gets the token once', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, PUBLIC_URL: 'https://files.example.org/f', PATH_PREFIX: '/f' })
  const { headers } = await givenSession(app, 'grace')

  const begun = await begin(app, 'my laptop')
  const waiting = await jsonOf(poll(app, begun))
  const approved = await jsonOf(ask(app, 'approve', { code: begun.code }, headers))
  const done = await jsonOf<{ status: string; token: string }>(poll(app, begun))
  const again = await answerOf(poll(app, begun))

  expect(begun).toEqual({
    code: expect.stringMatching(/^[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}$/),
    secret: expect.stringMatching(/^[0-9a-f-]{36}$/),
    verifyURL: `https://files.example.org/f/#/cli-auth?code=${begun.code}&hostname=my+laptop`,
    expiresIn: 300,
  })
  expect([waiting, approved]).toEqual([{ status: 'pending' }, { status: 'approved' }])
  expect(done).toEqual({ status: 'approved', token: expect.stringMatching(/^[0-9a-f-]{36}$/) })
  expect(again).toEqual([404, 'CLI auth session not found\n'])
  const uploaded = fetch(`${app.url}/upload`, { method: 'POST', headers: { 'X-PlikToken': done.token } })
  expect((await uploaded).status).toBe(200)
  expect(await jsonOf(fetch(`${app.url}/me/token`, { headers }))).toMatchObject({
    results: [{ comment: 'CLI login (my laptop)' }],
  })
})

test('without a public address the link leads where this program asked, and repeats nothing that is no host (P4)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const init = async (...headers: string[]) => {
    const answer = await sendRaw(app, ['POST /auth/cli/init HTTP/1.1', 'Content-Length: 0', ...headers])
    expect(answer.headers['cache-control']).toBe('no-store')
    return (JSON.parse(answer.body) as Begun).verifyURL.split('#')[0]
  }

  expect(await init('Host: inside.example:81', 'X-Forwarded-Host: evil.example')).toBe('http://inside.example:81/')
  expect(await init(`Host: evil.example/"'`)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
})

test('the user may choose a name for the token', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  const begun = await begin(app)

  await ask(app, 'approve', { code: begun.code, comment: 'the old one' }, headers)
  await poll(app, begun)

  expect(await jsonOf(fetch(`${app.url}/me/token`, { headers }))).toMatchObject({
    results: [{ comment: 'the old one' }],
  })
})

test('only the program that began gets the token', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  const begun = await begin(app)
  const other = await begin(app)
  await ask(app, 'approve', { code: begun.code }, headers)

  expect(await answerOf(poll(app, { ...begun, secret: other.secret }))).toEqual([401, 'invalid secret\n'])
  expect(await answerOf(poll(app, { ...begun, secret: '' }))).toEqual([400, 'missing secret\n'])
  expect(await jsonOf(poll(app, begun))).toMatchObject({ status: 'approved' })
})

test('of many polls at the same moment one gets the token', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  const begun = await begin(app)
  await ask(app, 'approve', { code: begun.code }, headers)

  const answers = await Promise.all(Array.from({ length: 8 }, () => poll(app, begun)))

  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(404)])
  expect(await jsonOf(fetch(`${app.url}/me/token`, { headers }))).toMatchObject({ total: 1 })
})

test('approving needs a session, its xsrf value, and a code that waits', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  const { code } = await begin(app)
  const approve = (body: object, more: Record<string, string>) => answerOf(ask(app, 'approve', body, more))

  expect(await approve({ code }, {})).toEqual([401, 'you must be authenticated, please login first\n'])
  expect(await approve({ code }, { Cookie: headers.Cookie })).toEqual([403, 'missing xsrf header\n'])
  const { headers: fresh } = await givenSession(app, 'edith')
  expect(await approve({}, fresh)).toEqual([400, 'missing code\n'])
  expect(await approve({ code: 'AAAA-AAAA' }, fresh)).toEqual([404, 'CLI auth session not found\n'])
  expect(await approve({ code: 'nonsense\0' }, fresh)).toEqual([404, 'CLI auth session not found\n'])
  expect((await approve({ code }, fresh))[0]).toBe(200)
  expect(await approve({ code }, fresh)).toEqual([400, 'CLI auth session has already been approved\n'])
})

test('a code is good for five minutes', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  const begun = await begin(app)

  app.advance(300_000 - 1)
  const before = await poll(app, begun)
  app.advance(1)
  const after = await answerOf(poll(app, begun))

  expect(before.status).toBe(200)
  expect(after).toEqual([404, 'CLI auth session has expired\n'])
  expect((await ask(app, 'approve', { code: begun.code }, headers)).status).toBe(404)
})

test('the database holds no secret of it, and drops what is over', async () => {
  const { app, db } = await makeAppWithDatabase(WITH_ACCOUNTS)
  const { secret } = await begin(app)
  const stored = await db.selectFrom('cliLogins').selectAll().execute()
  app.advance(300_000)
  await begin(app)

  expect(JSON.stringify(stored)).not.toContain(secret)
  expect(await db.selectFrom('cliLogins').selectAll().execute()).toHaveLength(1)
})

test('without authentication or tokens there is nothing to log in to', async () => {
  const closed = await makeApp()
  const tokenless = await makeApp({ ...WITH_ACCOUNTS, FEATURE_API_TOKENS: 'disabled' })

  expect(await answerOf(ask(closed, 'init', {}))).toEqual([400, 'authentication is disabled\n'])
  expect(await answerOf(ask(closed, 'poll', {}))).toEqual([400, 'authentication is disabled\n'])
  expect(await answerOf(ask(tokenless, 'init', {}))).toEqual([400, 'API tokens are disabled\n'])
})

test('the longest host name that is taken makes a token with a shortened name', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  const begun = await begin(app, '\u{10000}'.repeat(256))

  expect((await ask(app, 'approve', { code: begun.code }, headers)).status).toBe(200)

  expect(await jsonOf(poll(app, begun))).toMatchObject({ status: 'approved' })
  expect(await jsonOf(fetch(`${app.url}/me/token`, { headers }))).toMatchObject({
    results: [{ comment: expect.stringMatching(/^CLI login \(.+\)$/u) }],
  })
})
