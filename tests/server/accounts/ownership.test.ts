import { expect, test } from 'vitest'
import { givenSession, givenUser, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { type CreatedUpload, fileForm } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'

/** Who may administer an upload (Plik §3.3), and who may create one (§1.1, §5). */

type Headers = Record<string, string>

const create = (app: TestApp, headers: Headers, body: object = {}) =>
  fetch(`${app.url}/upload`, { method: 'POST', headers, body: JSON.stringify(body) })

const createdBy = (app: TestApp, headers: Headers, body: object = {}) =>
  jsonOf<CreatedUpload>(create(app, headers, body))

const add = (app: TestApp, { id }: CreatedUpload, headers: Headers) =>
  fetch(`${app.url}/file/${id}`, { method: 'POST', headers, body: fileForm('hello') })

const look = (app: TestApp, { id }: CreatedUpload, headers: Headers) => fetch(`${app.url}/upload/${id}`, { headers })

const remove = (app: TestApp, { id }: CreatedUpload, headers: Headers) =>
  fetch(`${app.url}/upload/${id}`, { method: 'DELETE', headers })

const tokenOf = async (app: TestApp, login: string, isAdmin = false) => {
  const user = await givenUser(app, login, { isAdmin })
  const first = await app.accounts.tokens.create(user, '')
  const second = await app.accounts.tokens.create(user, '')
  return { first: { 'X-PlikToken': first.token }, second: { 'X-PlikToken': second.token } }
}

const NOT_ALLOWED = [403, 'you are not allowed to add file to this upload\n']

test('a token administers what it created; another of the same user does not (TestTokenMultipleToken)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { first, second } = await tokenOf(app, 'grace')
  const upload = await createdBy(app, first)

  expect((await add(app, upload, first)).status).toBe(200)
  expect(await jsonOf(look(app, upload, first))).toMatchObject({ admin: true })
  expect(await answerOf(add(app, upload, second))).toEqual(NOT_ALLOWED)
  expect(await jsonOf(look(app, upload, second))).toMatchObject({ admin: false })
  expect(await answerOf(remove(app, upload, second))).toEqual([403, 'you are not allowed to remove this upload\n'])
  expect(await answerOf(remove(app, upload, first))).toEqual([200, 'ok'])
})

test('the token of an administrator opens nothing more (TestTokenMultipleTokenAdmin)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { first } = await tokenOf(app, 'grace')
  const admin = await tokenOf(app, 'root', true)
  const upload = await createdBy(app, first)

  expect(await answerOf(add(app, upload, admin.first))).toEqual(NOT_ALLOWED)
  expect((await remove(app, upload, admin.first)).status).toBe(403)
})

test('the owner’s session administers the owner’s uploads, a stranger’s does not, an administrator’s all (Plik §3.3)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const grace = await givenSession(app, 'grace')
  const mallory = await givenSession(app, 'mallory')
  const root = await givenSession(app, 'root', { isAdmin: true })
  const upload = await createdBy(app, grace.headers, { password: 'geheim' })

  expect((await add(app, upload, grace.headers)).status).toBe(200)
  expect((await add(app, upload, mallory.headers)).status).toBe(401)
  expect((await add(app, upload, root.headers)).status).toBe(200)
  expect(await jsonOf(look(app, upload, grace.headers))).toMatchObject({ admin: true })
  expect(await answerOf(remove(app, upload, root.headers))).toEqual([200, 'ok'])
})

test('the upload token counts whoever shows it, and is shown to nobody else (Plik §3.3)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const grace = await givenSession(app, 'grace')
  const mallory = await givenSession(app, 'mallory')
  const upload = await createdBy(app, grace.headers)
  const withToken = { ...mallory.headers, 'X-UploadToken': upload.uploadToken }

  expect(await jsonOf(look(app, upload, withToken))).toMatchObject({ admin: true, uploadToken: upload.uploadToken })
  expect(await jsonOf(look(app, upload, { ...grace.headers, 'X-UploadToken': 'wrong' }))).not.toHaveProperty(
    'uploadToken',
  )
  expect((await add(app, upload, withToken)).status).toBe(200)
})

test('with authentication forced, only users upload; everything else stays open (TestAnonymousUploadDisabled)', async () => {
  const app = await makeApp({ FEATURE_AUTHENTICATION: 'forced' })
  const { first } = await tokenOf(app, 'grace')

  expect(await answerOf(create(app, {}))).toEqual([400, 'unable to create upload : anonymous uploads are disabled\n'])
  expect((await fetch(`${app.url}/`, { method: 'POST', body: fileForm('hello') })).status).toBe(400)
  const upload = await createdBy(app, first)
  expect((await add(app, upload, { 'X-UploadToken': upload.uploadToken })).status).toBe(200)
  expect((await look(app, upload, {})).status).toBe(200)
  expect((await fetch(`${app.url}/`, { method: 'POST', headers: first, body: fileForm('hello') })).status).toBe(200)
})

test('a token that is none is refused, unless authentication is off (Plik §1.1 ④)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const off = await makeApp()
  const bogus = { 'X-PlikToken': '00000000-0000-4000-8000-000000000000' }

  expect(await answerOf(create(app, bogus))).toEqual([403, 'invalid token\n'])
  expect((await create(off, bogus)).status).toBe(200)
})

test('where tokens are switched off, none is taken (Plik 1.4)', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, FEATURE_API_TOKENS: 'disabled' })

  expect(await answerOf(create(app, { 'X-PlikToken': 'any' }))).toEqual([403, 'invalid token\n'])
})

test('users upload from any address, strangers from the allowed ones (Plik §3.6)', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, UPLOAD_WHITELIST: '192.0.2.1' })
  const { first } = await tokenOf(app, 'grace')

  expect(await answerOf(create(app, {}))).toEqual([403, 'untrusted source IP address\n'])
  expect((await create(app, first)).status).toBe(200)
})

test('a token is no way into the account: /me and the lists want a session (Plik §1.2)', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { first } = await tokenOf(app, 'root', true)
  const paths = ['/me', '/me/token', '/me/uploads', '/me/stats', '/user/local:root', '/users', '/uploads', '/stats']
  const asked = paths.map(async (path) => [path, (await fetch(app.url + path, { headers: first })).status])

  expect(await Promise.all(asked)).toEqual(paths.map((path) => [path, 401]))
})

test('a token lets nobody be somebody else, not even an administrator', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { first } = await tokenOf(app, 'root', true)
  const grace = await givenSession(app, 'grace')

  const answer = create(app, { ...first, 'X-Plik-Impersonate': 'local:grace' })

  expect(await answerOf(answer)).toEqual([403, 'you need administrator privileges\n'])
  expect(await jsonOf(fetch(`${app.url}/me/uploads`, { headers: grace.headers }))).toMatchObject({ total: 0 })
})

test('an administrator who impersonates a user uploads as that user', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const root = await givenSession(app, 'root', { isAdmin: true })
  const grace = await givenSession(app, 'grace')

  const upload = await createdBy(app, { ...root.headers, 'X-Plik-Impersonate': 'local:grace' })

  expect(await jsonOf(look(app, upload, grace.headers))).toMatchObject({ admin: true })
})
