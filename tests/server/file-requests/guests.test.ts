import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { addFile } from '../../helpers/client.ts'
import { FORM_TYPE, filePart, form } from '../../helpers/form.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { CHUNKED, chunk, head, LAST_CHUNK, rawClient } from '../../helpers/raw-client.ts'
import { storedFiles } from '../../helpers/stored-files.ts'
import { phonePhoto } from '../images/given.ts'
import { createRequest, givenGuest, guestWith, revokeRequest, seen, tokenHeader } from './given.ts'

/** Guests, who hold nothing but a request's token. */

const namesOfStored = ({ dataDir }: TestApp): string[] => storedFiles(dataDir).map((path) => basename(path))

describe('a guest adds files', () => {
  test('by a raw body, which is answered with what was stored', async () => {
    const app = await makeApp()
    const { upload, guest } = await givenGuest(app)

    const added = await jsonOf(guest.put('holiday%20%281%29.txt', 'hello'))

    expect(added).toEqual({
      id: expect.stringMatching(/^\w{16}$/),
      fileName: 'holiday (1).txt',
      status: 'uploaded',
      fileMd5: createHash('md5').update('hello').digest('hex'),
      fileType: 'text/plain; charset=utf-8',
      fileSize: 5,
      reference: '',
      createdAt: expect.stringMatching(/Z$/),
      downloadCount: 0,
    })
    const url = `${app.url}/file/${upload.id}/${added.id}/${encodeURIComponent('holiday (1).txt')}`
    expect(await answerOf(fetch(url))).toEqual([200, 'hello'])
  })

  test('by a form', async () => {
    const app = await makeApp()
    const { upload, guest } = await givenGuest(app)

    expect(await jsonOf(guest.post('hello', 'a.txt'))).toMatchObject({ fileName: 'a.txt', status: 'uploaded' })
    expect((await seen(app, upload)).files).toMatchObject([{ fileName: 'a.txt', status: 'uploaded', fileSize: 5 }])
  })

  test('by a raw body of unknown length', async () => {
    const app = await makeApp()
    const { upload, request } = await givenGuest(app, { maxSize: 10 })
    const client = await rawClient(app.url)
    const headers = { ...CHUNKED, 'X-RequestToken': request.requestToken }

    await client.send(`${head('PUT', '/request/x.bin', headers)}${chunk('01234')}${chunk('56789')}${LAST_CHUNK}`)

    expect((await client.answer()).status).toBe(200)
    expect((await seen(app, upload)).files).toMatchObject([{ fileName: 'x.bin', fileSize: 10 }])
  })

  test('without a name', async () => {
    const app = await makeApp()
    const { guest } = await givenGuest(app)

    expect(await jsonOf(guest.put('', 'hello'))).toMatchObject({ fileName: 'file' })
  })

  test('a guest needs neither an account nor an address on the whitelist', async () => {
    const app = await makeApp({
      FEATURE_AUTHENTICATION: 'enabled',
      UPLOAD_WHITELIST: '10.0.0.0/8',
      TRUSTED_PROXIES: '127.0.0.1',
      SOURCE_IP_HEADER: 'X-Real-IP',
    })
    const inside = { 'X-Real-IP': '10.1.1.1' }
    const upload = await jsonOf<{ id: string; uploadToken: string }>(
      fetch(`${app.url}/upload`, { method: 'POST', headers: inside }),
    )
    const request = await jsonOf<{ id: string; requestToken: string }>(
      fetch(`${app.url}/upload/${upload.id}/requests`, {
        method: 'POST',
        headers: { ...inside, 'X-UploadToken': upload.uploadToken },
      }),
    )
    const headers = { 'X-Real-IP': '203.0.113.1', 'X-RequestToken': request.requestToken }

    expect((await fetch(`${app.url}/request/a`, { method: 'PUT', headers, body: 'x' })).status).toBe(200)
    expect(
      (await fetch(`${app.url}/a`, { method: 'PUT', headers: { 'X-Real-IP': '203.0.113.1' }, body: 'x' })).status,
    ).toBe(403)
  })

  test('without the password of the upload, which is for its readers', async () => {
    const app = await makeApp()
    const { guest } = await givenGuest(app, {}, { password: 'secret' })

    expect((await guest.info()).status).toBe(200)
    expect((await guest.put('a.txt', 'hello')).status).toBe(200)
  })

  test('to a one-shot upload, where each may be downloaded once', async () => {
    const app = await makeApp()
    const { upload, guest } = await givenGuest(app, {}, { oneShot: true })
    const { id } = await jsonOf(guest.put('a.txt', 'hello'))
    const url = `${app.url}/file/${upload.id}/${id}/a.txt`

    expect(await answerOf(fetch(url))).toEqual([200, 'hello'])
    expect((await fetch(url)).status).toBe(404)
  })

  test('the photos of a guest lose their metadata like all others', async () => {
    const app = await makeApp()
    const { guest } = await givenGuest(app)

    expect(await jsonOf(guest.put('photo.jpg', await phonePhoto()))).toMatchObject({
      image: { removed: expect.arrayContaining(['gps']) },
    })
  })

  test('to an encrypted upload only as age ciphertext', async () => {
    const app = await makeApp()
    const { upload, guest } = await givenGuest(app, {}, { e2ee: 'age' })

    expect(await answerOf(guest.put('a.txt', 'plain text'))).toEqual([
      400,
      'this upload takes only files that are encrypted with age\n',
    ])
    expect(await jsonOf(guest.put('a.age', 'age-encryption.org/v1\n-> X25519 abc\n'))).toMatchObject({
      fileType: 'application/octet-stream',
    })
    expect((await seen(app, upload)).files).toHaveLength(1)
  })
})

describe('a guest sees the limits, and nothing about the upload', () => {
  test('without limits', async () => {
    const app = await makeApp({ MAX_FILE_SIZE: '10MB' })
    const { upload, guest } = await givenGuest(app, { title: 'Photos', comments: 'All of them' })

    expect(await jsonOf(guest.info())).toEqual({
      title: 'Photos',
      comments: 'All of them',
      status: 'open',
      maxFileSize: 10_000_000,
      expireAt: upload.expireAt,
    })
  })

  test('with limits, of which only the rest is said', async () => {
    const app = await makeApp({ MAX_FILE_SIZE: 'unlimited', MAX_TTL: 'unlimited' })
    const options = { maxFiles: 3, maxSize: 100 }
    const { guest } = await givenGuest(app, options, { e2ee: 'age', normalize: false, ttl: -1 })
    await guest.put('a.age', 'age-encryption.org/v1\n-> X25519 abc\n')

    expect(await jsonOf(guest.info())).toEqual({
      title: '',
      comments: '',
      status: 'open',
      maxFileSize: -1,
      filesLeft: 2,
      bytesLeft: 64,
      normalize: false,
      e2ee: 'age',
      expireAt: null,
    })
  })

  test('no answer names the upload, its files, or how many there are', async () => {
    const app = await makeApp()
    const { upload, guest } = await givenGuest(app)
    const { id } = await jsonOf(addFile(app, upload, 'secret', 'secret.txt'))

    const told = [await (await guest.info()).text(), await (await guest.put('mine.txt', 'x')).text()].join()

    expect(told).not.toContain(upload.id)
    expect(told).not.toContain(upload.uploadToken)
    expect(told).not.toContain(id)
    expect(told).not.toContain('secret')
  })

  test('the token of a guest gives no other access, even with the id of the upload', async () => {
    const app = await makeApp()
    const { upload, request } = await givenGuest(app, {}, { password: 'secret' })
    const { id } = await jsonOf(addFile(app, upload, 'secret', 'secret.txt'))
    const headers = { 'X-RequestToken': request.requestToken, 'X-UploadToken': request.requestToken }
    const ask = async (method: string, path: string) => (await fetch(`${app.url}${path}`, { method, headers })).status

    expect(await ask('GET', `/upload/${upload.id}`)).toBe(401)
    expect(await ask('GET', `/file/${upload.id}/${id}/secret.txt`)).toBe(401)
    expect(await ask('GET', `/archive/${upload.id}/a.zip`)).toBe(401)
    expect(await ask('DELETE', `/file/${upload.id}/${id}/secret.txt`)).toBe(401)
    expect(await ask('DELETE', `/upload/${upload.id}`)).toBe(401)
    expect(await ask('GET', `/upload/${upload.id}/requests`)).toBe(401)
  })

  test('answers are not cached, and readable from any origin', async () => {
    const app = await makeApp()
    const { guest } = await givenGuest(app)

    const { headers } = await guest.info()

    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('access-control-allow-origin')).toBe('*')
  })
})

describe('refused guests are refused before anything is read, and nothing is stored (PicoShare #759)', () => {
  const REFUSALS: [string, number, string, (given: Given) => unknown][] = [
    ['revoked', 403, 'this request was revoked', ({ app, upload, request }) => revokeRequest(app, upload, request.id)],
    ['full', 403, 'this request is full', ({ guest }) => guest.put('first', 'x')],
    ['expired', 404, 'this request has expired', ({ app }) => app.advance(60_000)],
    ['of an expired upload', 404, 'the upload behind this request has expired', ({ app }) => app.advance(3_600_000)],
    [
      'of a removed upload',
      404,
      'the upload behind this request was removed',
      ({ app, upload }) => fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE', headers: tokenHeader(upload) }),
    ],
  ]
  interface Given extends Awaited<ReturnType<typeof givenGuest>> {
    app: TestApp
  }

  test.each(REFUSALS)('%s', async (_what, status, message, happen) => {
    const app = await makeApp()
    const given = await givenGuest(app, { maxFiles: 1, ttl: 60 }, { ttl: 3600 })
    await happen({ ...given, app })
    const before = namesOfStored(app)
    const headers = { 'X-RequestToken': given.request.requestToken, 'Content-Length': 1_000_000 }
    const [body, form] = [await rawClient(app.url), await rawClient(app.url)]

    await body.send(head('PUT', '/request/x.bin', headers)) // not one byte of the body, nor of the form
    await form.send(head('POST', '/request', { ...headers, 'Content-Type': FORM_TYPE }))

    expect(await body.answer()).toMatchObject({ status, body: `${message}\n` })
    expect(await form.answer()).toMatchObject({ status, body: `${message}\n` })
    expect(await answerOf(given.guest.put('a', 'x'))).toEqual([status, `${message}\n`])
    expect(await answerOf(given.guest.post('x'))).toEqual([status, `${message}\n`])
    expect(namesOfStored(app)).toEqual(before)
  })

  test('at the last millisecond a request takes a file, at the next it does not', async () => {
    const app = await makeApp()
    const { guest } = await givenGuest(app, { ttl: 60 })

    app.advance(59_999)
    expect((await guest.put('a', 'x')).status).toBe(200)
    app.advance(1)
    expect((await guest.put('b', 'x')).status).toBe(404)
  })

  test('a full request still says that it is full; an ended one says why', async () => {
    const app = await makeApp()
    const { guest } = await givenGuest(app, { maxFiles: 1, ttl: 60 })
    await guest.put('a', 'x')

    expect(await jsonOf(guest.info())).toMatchObject({ filesLeft: 0 })
    app.advance(60_000)
    expect(await answerOf(guest.info())).toEqual([404, 'this request has expired\n'])
  })

  test.each(['x'.repeat(32), 'short', 'a,b', '\u00e9'])('the token %s is unknown', async (token) => {
    const app = await makeApp()
    await givenGuest(app)
    const guest = guestWith(app, token)

    expect(await answerOf(guest.info())).toEqual([404, 'request not found\n'])
    expect(await answerOf(guest.put('a', 'x'))).toEqual([404, 'request not found\n'])
    expect(namesOfStored(app)).toEqual([])
  })

  test('a token anywhere but in its header is none (P2)', async () => {
    const app = await makeApp()
    const { request } = await givenGuest(app)
    const query = `?request=${request.requestToken}&requestToken=${request.requestToken}&X-RequestToken=${request.requestToken}`
    const headers = { Cookie: `X-RequestToken=${request.requestToken}` }
    const missing: [number, string] = [400, 'missing X-RequestToken header\n']

    expect(await answerOf(fetch(`${app.url}/request${query}`, { headers }))).toEqual(missing)
    expect(await answerOf(fetch(`${app.url}/request/a${query}`, { method: 'PUT', headers, body: 'x' }))).toEqual(
      missing,
    )
    expect(await answerOf(fetch(`${app.url}/request${query}`, { method: 'POST', headers, body: 'x' }))).toEqual(missing)
  })

  test('a session that could do it counts for nothing', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    const { upload } = await givenGuest(app)

    expect(
      (await fetch(`${app.url}/request/a`, { method: 'PUT', headers: tokenHeader(upload), body: 'x' })).status,
    ).toBe(400)
  })

  test('what was meant for a request but sent to the quick uploads gets no link of its own', async () => {
    const app = await makeApp()
    const { request } = await givenGuest(app)
    const headers = { 'X-RequestToken': request.requestToken }
    const refused: [number, string] = [400, 'files for a request go to /request/, with a slash at the end\n']

    expect(await answerOf(fetch(`${app.url}/request`, { method: 'PUT', headers, body: 'x' }))).toEqual(refused)
    expect(await answerOf(fetch(`${app.url}/a`, { method: 'PUT', headers, body: 'x' }))).toEqual(refused)
    expect(await answerOf(fetch(`${app.url}/`, { method: 'POST', headers, body: new FormData() }))).toEqual(refused)
    expect(namesOfStored(app)).toEqual([])
  })

  test('a second file in a form is not dropped in silence: nothing of it is taken', async () => {
    const app = await makeApp()
    const { upload, request } = await givenGuest(app)
    const headers = { 'X-RequestToken': request.requestToken, 'Content-Type': FORM_TYPE }
    const body = form(filePart('a', '1'), filePart('b', '2'))

    expect(await answerOf(fetch(`${app.url}/request`, { method: 'POST', headers, body }))).toEqual([
      400,
      'one file at a time, please\n',
    ])
    expect((await seen(app, upload)).files).toEqual([])
    expect(namesOfStored(app)).toEqual([])
  })

  test('a guest can’t send a file that is too big', async () => {
    const app = await makeApp({ MAX_FILE_SIZE: '10B' })
    const { guest } = await givenGuest(app)

    expect((await guest.put('a', '0123456789')).status).toBe(200)
    expect(await answerOf(guest.put('a', '0123456789x'))).toEqual([400, 'file too big (limit is set to 10 B)\n'])
    expect(await answerOf(guest.post('0123456789x'))).toEqual([400, 'file too big (limit is set to 10 B)\n'])
  })

  test('the quota and the limits of the upload’s owner count', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    const { headers } = await givenSession(app, 'anna', { maxFileSizeBytes: 10, maxUserSizeBytes: 15 })
    const upload = await jsonOf(fetch(`${app.url}/upload`, { method: 'POST', headers }))
    const { requestToken } = await jsonOf<{ id: string; requestToken: string }>(
      fetch(`${app.url}/upload/${upload.id}/requests`, { method: 'POST', headers }),
    )
    const guest = guestWith(app, requestToken)

    expect(await jsonOf(guest.info())).toMatchObject({ maxFileSize: 10 })
    expect(await answerOf(guest.put('a', '0123456789x'))).toEqual([400, 'file too big (limit is set to 10 B)\n'])
    expect((await guest.put('a', '0123456789')).status).toBe(200)
    expect((await guest.put('b', '012345')).status).toBe(400)
    expect((await guest.post('012345')).status).toBe(400)
    expect(await jsonOf(guest.info())).toMatchObject({ maxFileSize: 10 })
    expect((await guest.put('b', '01234')).status).toBe(200)
  })

  test('a name that is none is refused', async () => {
    const app = await makeApp()
    const { guest } = await givenGuest(app)

    expect((await guest.put('..', 'x')).status).toBe(400)
    expect(await answerOf(guest.put('%20', 'x'))).toEqual([400, 'unable to create file : missing file name\n'])
  })
})

test('a guest does not prolong an upload that its readers do', async () => {
  const app = await makeApp({ FEATURE_EXTEND_TTL: 'enabled' })
  const { upload, guest } = await givenGuest(app, {}, { extend_ttl: true, ttl: 60 })
  await guest.put('first', 'x') // which starts the time

  app.advance(30_000)
  await guest.info()
  await guest.put('a', 'x')

  app.advance(30_000)
  expect((await guest.info()).status).toBe(404)
  expect((await createRequest(app, upload)).status).toBe(404)
})
