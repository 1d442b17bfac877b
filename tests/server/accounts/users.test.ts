import { expect, test } from 'vitest'
import { givenSession, givenUser, logIn, sessionOf, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
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

test('a user who is no administrator creates nobody, and sees only their own account (Plik §1.2 ⑯)', async () => {
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

const update = (app: TestApp, headers: Record<string, string>, id: string, body: object) =>
  fetch(`${app.url}/user/${id}`, { method: 'POST', headers, body: JSON.stringify({ id, ...body }) })

const remove = (app: TestApp, headers: Record<string, string>, path: string) =>
  fetch(app.url + path, { method: 'DELETE', headers })

test('an update by an administrator replaces everything that it may (Plik §1.11)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'root', { isAdmin: true })
  await givenUser(app, 'grace', { name: 'Grace', maxTtlSeconds: 60 })
  const body = { login: 'other', provider: 'google', email: 'g@example.org', admin: true, maxUserSize: 100 }

  const updated = await jsonOf(update(app, headers, 'local:grace', body))

  expect(updated).toMatchObject({ id: 'local:grace', provider: 'local', login: 'grace', email: 'g@example.org' })
  expect(updated).toMatchObject({ admin: true, maxFileSize: 0, maxUserSize: 100, maxTTL: 0 })
  expect(updated).not.toHaveProperty('name')
})

test('users change their name, mail address and password, and nothing that is granted (Plik §1.11, §8 no. 7)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace', { maxUserSizeBytes: 100 })
  const elsewhere = await sessionOf(app, 'grace')
  const mine = { maxUserSize: 100 }
  const quota = [403, "can't edit your own quota, nice try!\n"]

  expect(await answerOf(update(app, headers, 'local:grace', { ...mine, admin: true }))).toEqual([
    403,
    "can't grant yourself admin right, nice try!\n",
  ])
  expect(await answerOf(update(app, headers, 'local:grace', { maxUserSize: 200 }))).toEqual(quota)
  expect(await answerOf(update(app, headers, 'local:grace', { ...mine, maxFileSize: -1 }))).toEqual(quota)
  expect(await answerOf(update(app, headers, 'local:grace', { ...mine, maxTTL: -1 }))).toEqual(quota)
  const changes = { ...mine, name: 'Grace', password: 'another password' }
  expect(await jsonOf(update(app, headers, 'local:grace', changes))).toMatchObject({ name: 'Grace' })
  expect((await logIn(app, 'grace')).status).toBe(403)
  expect((await logIn(app, 'grace', 'another password')).status).toBe(200)
  expect((await fetch(`${app.url}/me`, { headers })).status).toBe(200)
  expect((await fetch(`${app.url}/me`, { headers: elsewhere })).status).toBe(403)
})

test.each([
  [{ id: 'local:other' }, 'user id mismatch'],
  [{ password: 'short' }, 'unable to update user : password is too short (min 8 chars)'],
  [{ maxTTL: '1' }, /^unable to deserialize user : maxttl: /],
])('an update that can not be is refused with the reason: %j', async (body, reason) => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace')

  const [status, text] = await answerOf(update(app, headers, 'local:grace', body))

  expect(status).toBe(400)
  expect(text.trimEnd()).toMatch(reason)
})

test('a profile changes by the field; what is absent stays (Plik 1.4 PATCH /me)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'grace', { name: 'Grace', email: 'g@example.org' })
  const patch = (body: string) => fetch(`${app.url}/me`, { method: 'PATCH', headers, body })

  const changed = await jsonOf(patch('{"email":"","theme":"dark","language":"de","admin":true,"maxUserSize":-1}'))

  expect(changed).toMatchObject({ name: 'Grace', theme: 'dark', language: 'de', admin: false, maxUserSize: 0 })
  expect(changed).not.toHaveProperty('email')
  expect(await answerOf(patch(''))).toEqual([400, 'missing request body\n'])
  expect((await patch('{"name":5}')).status).toBe(400)
})

test('deleting an account deletes everything that belongs to it (Plik DELETE /me)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { user, headers } = await givenSession(app, 'grace')
  const { token } = await app.accounts.tokens.create(user, '')
  const upload = await jsonOf(fetch(`${app.url}/upload`, { method: 'POST', headers }))

  const answer = await remove(app, headers, '/me')

  expect(answer.headers.getSetCookie()[0]).toMatch(/^plik-session=;/)
  expect(await answerOf(answer)).toEqual([200, 'ok'])
  expect((await fetch(`${app.url}/upload/${upload.id}`)).status).toBe(404)
  expect((await fetch(`${app.url}/me`, { headers })).status).toBe(403)
  expect((await logIn(app, 'grace')).status).toBe(403)
  expect((await fetch(`${app.url}/upload`, { method: 'POST', headers: { 'X-PlikToken': token } })).status).toBe(403)
})

test('administrators delete anybody, others only themselves, and that can be forbidden (Plik 1.4)', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, FEATURE_DELETE_ACCOUNT: 'disabled' })
  const root = await givenSession(app, 'root', { isAdmin: true })
  const { headers } = await givenSession(app, 'grace')
  await givenUser(app, 'edith')
  const refusal = [400, 'delete account is not enabled\n']

  expect((await remove(app, headers, '/user/local:edith')).status).toBe(403)
  expect(await answerOf(remove(app, headers, '/me'))).toEqual(refusal)
  expect(await answerOf(remove(app, headers, '/user/local:grace'))).toEqual(refusal)
  expect(await answerOf(remove(app, root.headers, '/user/local:edith'))).toEqual([200, 'ok'])
  expect(await answerOf(remove(app, root.headers, '/user/local:edith'))).toEqual([404, 'user not found\n'])
})

test('users are found by a part of their name, login or mail address (Plik 1.4 /users/search)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'root', { isAdmin: true })
  await givenUser(app, 'grace', { name: 'Grace Hopper' })
  await givenUser(app, 'edith', { email: 'clarke@hop.example' })
  await givenUser(app, 'under_score')
  await Promise.all(Array.from({ length: 6 }, (_, index) => givenUser(app, `many${index}`)))
  const found = async (query: string) => {
    const users = await jsonOf(fetch(`${app.url}/users/search?q=${query}`, { headers }))
    return (users as unknown as { login: string }[]).map(({ login }) => login)
  }

  expect(await found('HOP')).toEqual(['edith', 'grace'])
  expect(await found('r_s')).toEqual(['under_score'])
  expect(await found('many')).toHaveLength(5)
  expect(await found('many&limit=6')).toHaveLength(6)
  expect(await found('local&admin=true')).toEqual(['root'])
  expect(await found('local&provider=google')).toEqual([])
  expect(await answerOf(fetch(`${app.url}/users/search?q=x`, { headers }))).toEqual([
    400,
    'search query must be at least 2 characters\n',
  ])
})

test('users are listed by provider, rights, and what they keep (Plik /users)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'root', { isAdmin: true })
  const grace = await givenSession(app, 'grace')
  await app.accounts.users.create({ provider: 'google', login: 'edith@example.org' })
  const form = new FormData()
  form.append('file', new Blob(['x']), 'file.txt')
  await fetch(`${app.url}/`, { method: 'POST', headers: grace.headers, body: form })
  const listed = async (query: string) => {
    const { results, total } = await jsonOf(fetch(`${app.url}/users?${query}`, { headers }))
    return [...(results as { login: string }[]).map(({ login }) => login), total]
  }

  expect(await listed('provider=google')).toEqual(['edith@example.org', 1])
  expect(await listed('admin=true')).toEqual(['root', 1])
  expect(await listed('sort=size&limit=1')).toEqual(['grace', 3])
  const [first] = (await jsonOf<{ results: object[] }>(fetch(`${app.url}/users?sort=lifetimeSize`, { headers })))
    .results
  expect(first).toMatchObject({
    login: 'grace',
    stats: { uploads: 1, files: 1, totalSize: 1, usage: { uploads: { total: 1, bytes: 1 }, lifetime: { files: 1 } } },
  })
  expect((await fetch(`${app.url}/users?sort=downloadedBytes`, { headers })).status).toBe(200)
  expect((await fetch(`${app.url}/users`, { headers: grace.headers })).status).toBe(403)
  expect((await fetch(`${app.url}/users/search?q=root`, { headers: grace.headers })).status).toBe(403)
})
