import { expect, test } from 'vitest'
import { givenSession, givenUser, sessionOf, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'

/** Users as administrators and they themselves see them (Plik §1.11). */

const create = (app: TestApp, headers: Record<string, string>, body: object | string) =>
  fetch(`${app.url}/user`, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) })

const GRACE = { provider: 'local', login: 'grace', password: 'a long password' }

test('an administrator creates a user, who can log in (Plik §1.11)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'root', { isAdmin: true })
  const limits = { maxFileSize: 1000, maxUserSize: -1, maxTTL: 3600 }

  const created = await jsonOf(create(app, headers, { ...GRACE, name: 'Grace', email: 'g@example.org', ...limits }))

  expect(created).toEqual({
    id: 'local:grace',
    provider: 'local',
    login: 'grace',
    name: 'Grace',
    email: 'g@example.org',
    admin: false,
    ...limits,
    createdAt: expect.any(String),
  })
  const { Cookie } = await sessionOf(app, 'grace', GRACE.password)
  expect(await jsonOf(fetch(`${app.url}/me`, { headers: { Cookie } }))).toEqual(created)
})

test.each([
  ['', 'unable to deserialize user : missing'],
  ['{', /^unable to deserialize user : /],
  [{ ...GRACE, provider: 'elsewhere' }, 'unable to create user : invalid provider'],
  [{ ...GRACE, login: 'abc' }, 'unable to create user : login is too short (min 4 chars)'],
  [{ ...GRACE, password: '1234567' }, 'unable to create user : password is too short (min 8 chars)'],
  [{ ...GRACE, name: 'a\0b' }, 'unable to create user : name must not contain control characters'],
  [{ ...GRACE, email: 'x'.repeat(1025) }, 'unable to create user : email is too long (max 1024 bytes)'],
])('a user that can not be is refused with the reason: %j (Plik §2.3)', async (body, reason) => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'root', { isAdmin: true })

  const [status, text] = await answerOf(create(app, headers, body))

  expect(status).toBe(400)
  expect(text.trimEnd()).toMatch(reason)
})

test('the shortest login and password are taken', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'root', { isAdmin: true })

  const created = create(app, headers, { provider: 'local', login: 'abcd', password: '12345678' })

  expect((await created).status).toBe(200)
})

test('of two users created with one name at once, one is refused (Plik §1.11, done better)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'root', { isAdmin: true })

  const answers = await Promise.all([create(app, headers, GRACE), create(app, headers, GRACE)])

  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
})

test('who is no administrator creates nobody, and sees himself only (Plik §1.2 ⑯)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')
  await givenUser(app, 'edith')
  const refusal = [403, 'you need administrator privileges\n']
  const get = (id: string) => fetch(`${app.url}/user/${id}`, { headers })

  expect(await answerOf(create(app, headers, GRACE))).toEqual(refusal)
  expect(await answerOf(create(app, {}, GRACE))).toEqual([401, 'you must be authenticated, please login first\n'])
  expect(await answerOf(get('local:edith'))).toEqual(refusal)
  expect(await answerOf(get('local:nobody'))).toEqual(refusal)
  expect(await jsonOf(get('local:grace'))).toMatchObject({ id: 'local:grace' })
})

test('an administrator sees everybody who exists (Plik §1.2 ⑯)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'root', { isAdmin: true })
  await givenUser(app, 'edith')

  expect(await jsonOf(fetch(`${app.url}/user/local:edith`, { headers }))).toMatchObject({ login: 'edith' })
  expect(await answerOf(fetch(`${app.url}/user/local:nobody`, { headers }))).toEqual([404, 'user not found\n'])
})
