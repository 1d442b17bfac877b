import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { addFile, createUpload, givenFile } from '../../helpers/client.ts'
import { sharedApp, type TestApp } from '../../helpers/make-app.ts'

const app = sharedApp()

/** Uploads behind a password (Plik §3.7). */

const basic = (login: string, password: string) => `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`

const read = (app: TestApp, id: string, authorization?: string) =>
  fetch(`${app.url}/upload/${id}`, authorization === undefined ? {} : { headers: { Authorization: authorization } })

const REASONS = [
  ['missing Authorization header', undefined],
  ['invalid Authorization header', 'Basic'],
  ['invalid Authorization header', 'Basic a b'],
  ['invalid Authorization header', `Basic ${btoa('no colon')}`],
  ['invalid http authorization scheme', 'Bearer cGxpazpnZWhlaW0='],
  ['invalid credentials', basic('plik', 'wrong')],
  ['invalid credentials', basic('ann', 'geheim')],
  ['invalid credentials', basic('plik', '')],
  ['invalid credentials', basic('plik', 'geheim ')],
  ['invalid credentials', basic('PLIK', 'geheim')],
] as const

test('a visitor without the password is asked for it, with the reason (Plik §2.3)', async () => {
  const { id } = await createUpload(app, { password: 'geheim' })

  const answers = await Promise.all(REASONS.map(([, header]) => answerOf(read(app, id, header))))
  const { headers } = await read(app, id)

  const message = 'please provide valid credentials to access this upload'
  expect(answers).toEqual(REASONS.map(([reason]) => [401, `${message} : ${reason}\n`]))
  expect(headers.get('www-authenticate')).toBe('Basic realm="plik", charset="UTF-8"')
})

test('without a login of its own an upload opens to `plik`, and to no login at all (Plik §3.7)', async () => {
  const { id } = await createUpload(app, { password: 'geheim' })

  expect((await read(app, id, basic('plik', 'geheim'))).status).toBe(200)
  expect((await read(app, id, basic('', 'geheim'))).status).toBe(200)
})

test('with a login of its own it opens to that one only (Plik §3.7)', async () => {
  const { id } = await createUpload(app, { login: 'ann', password: 'geheim' })

  expect((await read(app, id, basic('ann', 'geheim'))).status).toBe(200)
  expect((await read(app, id, basic('plik', 'geheim'))).status).toBe(401)
  expect((await read(app, id, basic('', 'geheim'))).status).toBe(401)
})

test('a password may hold anything', async () => {
  const passwords = ['a:b:c', 'pass word', '密码 ü', 'x'.repeat(500), '\u0000']
  const tryOut = async (password: string) => {
    const { id } = await createUpload(app, { password })
    const right = await read(app, id, basic('plik', password))
    const wrong = await read(app, id, basic('plik', `${password}x`))
    return [password, right.status, wrong.status]
  }

  expect(await Promise.all(passwords.map(tryOut))).toEqual(passwords.map((password) => [password, 200, 401]))
})

test('a password is the same however its letters are composed (RFC 8265)', async () => {
  const { id } = await createUpload(app, { password: 'u\u0308ber' })

  expect((await read(app, id, basic('plik', '\u00fcber'))).status).toBe(200)
})

test('the scheme is read in any case, with any number of spaces (RFC 9110 §11.1)', async () => {
  const { id } = await createUpload(app, { password: 'geheim' })

  expect((await read(app, id, `basic  ${btoa('plik:geheim')}`)).status).toBe(200)
})

test('every route of the upload asks for the password, and the right one opens it (Plik §3.7)', async () => {
  const { upload, file, url } = await givenFile(app, { password: 'geheim', removable: true })
  const slots = await createUpload(app, { password: 'geheim', files: [{ fileName: 'a' }] })
  const routes = [
    ['GET', `${app.url}/upload/${upload.id}`, 200],
    ['GET', url, 200],
    ['HEAD', url, 200],
    ['GET', `${app.url}/stream/${upload.id}/${file.id}/file.txt`, 200],
    ['GET', `${app.url}/archive/${upload.id}/archive.zip`, 200],
    ['HEAD', `${app.url}/archive/${upload.id}/archive.zip`, 200],
    ['POST', `${app.url}/archive/${upload.id}`, 200],
    ['POST', `${app.url}/file/${upload.id}`, 403],
    ['POST', `${app.url}/file/${slots.id}/${slots.files?.[0]?.id}/a`, 403],
    ['DELETE', `${app.url}/file/${upload.id}/${file.id}/file.txt`, 200],
    ['DELETE', `${app.url}/upload/${upload.id}`, 200],
  ] as const
  const headers = { Authorization: basic('plik', 'geheim') }

  const closed = await Promise.all(routes.map(([method, path]) => fetch(path, { method })))
  const opened: number[] = []
  for (const [method, path] of routes) opened.push((await fetch(path, { method, headers })).status)

  expect(closed.map(({ status }) => status)).toEqual(routes.map(() => 401))
  expect(opened).toEqual(routes.map(([, , status]) => status))
})

test('the upload token opens without the password, and with a wrong one (Plik §3.3)', async () => {
  const { upload, url } = await givenFile(app, { password: 'geheim' })
  const headers = { 'X-UploadToken': upload.uploadToken, Authorization: basic('plik', 'wrong') }

  expect(await jsonOf(fetch(`${app.url}/upload/${upload.id}`, { headers }))).toMatchObject({ admin: true })
  expect(await answerOf(fetch(url, { headers }))).toEqual([200, 'hello'])
  expect((await addFile(app, upload, 'more')).status).toBe(200)
})

test('a wrong token is no password', async () => {
  const { id } = await createUpload(app, { password: 'geheim' })

  const response = await fetch(`${app.url}/upload/${id}`, { headers: { 'X-UploadToken': 'x'.repeat(32) } })

  expect(response.status).toBe(401)
})

test('an upload without a password ignores the header', async () => {
  const { id } = await createUpload(app)

  expect((await read(app, id, 'Bearer x')).status).toBe(200)
})

test('the password of one upload does not open another', async () => {
  const one = await createUpload(app, { password: 'geheim' })
  const other = await createUpload(app, { password: 'anders' })
  expect((await read(app, one.id, basic('plik', 'geheim'))).status).toBe(200)

  expect((await read(app, other.id, basic('plik', 'geheim'))).status).toBe(401)
})

test('a login with a colon is refused, since Basic authentication could never send it', async () => {
  const response = await fetch(`${app.url}/upload`, { method: 'POST', body: '{"login":"a:b","password":"c"}' })

  expect(response.status).toBe(400)
  expect(await response.text()).toBe('unable to create upload : the login must not contain a colon\n')
})
