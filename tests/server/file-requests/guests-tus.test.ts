import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { makeApp, sharedApp, type TestApp } from '../../helpers/make-app.ts'
import { head, rawClient } from '../../helpers/raw-client.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { phonePhoto } from '../images/given.ts'
import { describe, metadata, offsetOf, patch, post, terminate } from '../resumable/tus-requests.ts'
import { type CreatedRequest, givenGuest, listRequests, revokeRequest, seen } from './given.ts'

const app = sharedApp()

/** Guests who resume uploads (PsiTransfer CVE-2024-31453, -31454: a way around the checks). */

const create = (app: TestApp, { requestToken }: CreatedRequest, length: number, headers: Record<string, string> = {}) =>
  post(app, {
    'X-RequestToken': requestToken,
    'Upload-Length': `${length}`,
    'Upload-Metadata': metadata({ filename: 'file.txt' }),
    ...headers,
  })

const createdUrl = async (app: TestApp, ...given: [CreatedRequest, number]) =>
  describe(app, await create(app, ...given)).url

const unfinished = ({ dataDir }: TestApp): string[] => readdirSync(join(dataDir, 'files', 'tmp'))

test('a guest resumes after an interruption', async () => {
  const { upload, request } = await givenGuest(app)

  const url = await createdUrl(app, request, 11)
  await patch(url, 0, 'hello ')
  expect(await offsetOf(url)).toBe(6)
  expect((await patch(url, 6, 'world')).status).toBe(204)

  const { files } = await seen(app, upload)
  expect(files).toMatchObject([{ fileName: 'file.txt', status: 'uploaded', fileSize: 11, request: request.id }])
  const link = `${app.url}/file/${upload.id}/${files[0]?.id}/file.txt`
  expect(await answerOf(fetch(link))).toEqual([200, 'hello world'])
})

test('no answer tells a guest where the file is', async () => {
  const { upload, request } = await givenGuest(app)

  const created = await create(app, request, 5)
  const { url } = describe(app, created)
  const finished = await patch(url, 0, 'hello')

  expect([created.status, finished.status]).toEqual([201, 204])
  expect(created.headers.get('x-mayfly-link')).toBeNull()
  expect(created.headers.get('x-uploadtoken')).toBeNull()
  expect(JSON.stringify([...created.headers, ...finished.headers])).not.toContain(upload.id)
})

test('nor does one that ends it by another protocol', async () => {
  const { upload, request } = await givenGuest(app)
  const headers = { 'Upload-Complete': '?1' }
  const draft = await fetch(`${app.url}/tus`, {
    method: 'POST',
    headers: { ...headers, 'X-RequestToken': request.requestToken },
    body: 'by the draft alone',
  })
  const url = await createdUrl(app, request, 11)
  await patch(url, 0, 'hello ')

  const finished = await fetch(url, { method: 'PATCH', headers: { ...headers, 'Upload-Offset': '6' }, body: 'world' })
  const byPut = await fetch(await createdUrl(app, request, 5), { method: 'PUT', body: 'hello' })

  const answers = [draft, finished, byPut]
  expect(await Promise.all(answers.map(answerOf))).toEqual(Array(3).fill([200, '']))
  expect(JSON.stringify(answers.map((answer) => [...answer.headers]))).not.toContain(upload.id)
  expect((await seen(app, upload)).files).toMatchObject(Array(3).fill({ status: 'uploaded', request: request.id }))
})

test('the token of a guest counts, whatever upload the request names', async () => {
  const { upload, request } = await givenGuest(app)
  const other = await givenGuest(app)
  const named = metadata({ filename: 'a', uploadId: other.upload.id, uploadToken: other.upload.uploadToken })

  await create(app, request, 0, { 'Upload-Metadata': named })

  expect((await seen(app, upload)).files).toMatchObject([{ fileName: 'a', status: 'uploaded', request: request.id }])
  expect((await seen(app, other.upload)).files).toEqual([])
})

test('what does not fit is refused before a byte, and of twenty for five exactly five get in', async () => {
  const { upload, request } = await givenGuest(app, { maxFiles: 5, maxSize: 50 })

  expect(await answerOf(create(app, request, 51))).toEqual([413, 'file too big (this request takes 50 B more)\n'])
  const answers = await Promise.all(Array.from({ length: 20 }, () => create(app, request, 10)))

  expect(answers.filter(({ status }) => status === 201)).toHaveLength(5)
  expect(answers.filter(({ status }) => status === 403)).toHaveLength(15)
  expect((await seen(app, upload)).files).toHaveLength(5)
})

test('an unfinished file keeps its place; given up or out of time, it gives it back and leaves nothing', async () => {
  const app = await makeApp({ RESUME_WINDOW: '2h', MAX_FILES_PER_UPLOAD: '1' })
  const { upload, request, guest } = await givenGuest(app, { maxFiles: 1 })
  const url = await createdUrl(app, request, 11)
  await patch(url, 0, 'hello ')

  expect(await answerOf(guest.put('a', 'x'))).toEqual([403, 'this request is full\n'])
  await terminate(url)
  await patch(await createdUrl(app, request, 11), 0, 'hello ')
  app.advance(2 * 60 * 60 * 1000)
  await app.maintenance.clean()

  expect((await seen(app, upload)).files).toEqual([])
  expect(unfinished(app)).toEqual([])
  expect((await guest.put('a', 'x')).status).toBe(200)
})

test('a place that was taken just before the server died is given back after a minute', async () => {
  const { app, db } = await makeAppWithDatabase()
  const { request, guest } = await givenGuest(app, { maxFiles: 1, maxSize: 10 })

  await createdUrl(app, request, 5)
  await db.deleteFrom('resumables').execute()
  await db.updateTable('files').set({ leaseUntil: 1 }).execute()
  await app.letTimePass(60_000)
  await app.maintenance.clean()

  expect(await jsonOf(guest.info())).toMatchObject({ filesLeft: 1, bytesLeft: 10 })
})

test('a place whose upload can not be noted is given back at once', async () => {
  const { app, db } = await makeAppWithDatabase()
  const { request, guest } = await givenGuest(app, { maxFiles: 1, maxSize: 10 })

  await db.schema.alterTable('resumables').renameTo('elsewhere').execute()
  expect((await create(app, request, 5)).status).toBe(500)
  await db.schema.alterTable('elsewhere').renameTo('resumables').execute()

  expect(await jsonOf(guest.info())).toMatchObject({ filesLeft: 1, bytesLeft: 10 })
})

test('a place that was taken for good is kept for as long as it may continue', async () => {
  const app = await makeApp({ RESUME_WINDOW: '1h' })
  const { request } = await givenGuest(app, { maxFiles: 1 })
  const url = await createdUrl(app, request, 11)

  app.advance(60 * 60 * 1000 - 1)
  await app.maintenance.clean()

  expect((await patch(url, 0, 'hello world')).status).toBe(204)
})

test('of unknown length, all the bytes that are left are set aside, and not one more is taken', async () => {
  const { request, guest } = await givenGuest(app, { maxSize: 10 })
  const headers = { 'X-RequestToken': request.requestToken, 'Upload-Defer-Length': '1' }
  const { url } = describe(app, await post(app, headers))

  expect(await jsonOf(guest.info())).toMatchObject({ bytesLeft: 0 })
  expect((await patch(url, 0, '0123456789x')).status).toBe(413)
  await terminate(url)
  const second = describe(app, await post(app, headers)).url
  await patch(second, 0, '012345', { 'Upload-Length': '6' })

  expect(await jsonOf(guest.info())).toMatchObject({ bytesLeft: 4 })
})

test('parts are no way around what a request takes', async () => {
  const { request, guest } = await givenGuest(app, { maxSize: 10, maxFiles: 1 })
  const part = (headers: Record<string, string>) =>
    post(app, { 'X-RequestToken': request.requestToken, 'Upload-Concat': 'partial', ...headers })

  expect(await answerOf(part({ 'Upload-Length': '11' }))).toEqual([
    413,
    'file too big (this request takes 10 B more)\n',
  ])
  const { url } = describe(app, await part({ 'Upload-Defer-Length': '1' }))
  expect((await patch(url, 0, '0123456789x')).status).toBe(413)

  await guest.put('a', 'x')
  expect(await answerOf(part({ 'Upload-Length': '1' }))).toEqual([403, 'this request is full\n'])
})

test('parts that wait to be joined take what is left, and give it to the file', async () => {
  const { upload, request } = await givenGuest(app, { maxSize: 10 })
  const guest = { 'X-RequestToken': request.requestToken }
  const part = (content: string) =>
    post(app, { ...guest, 'Upload-Concat': 'partial', 'Upload-Length': `${content.length}` }, content)
  const urls = [describe(app, await part('hello ')).url, describe(app, await part('you!')).url]

  expect(await answerOf(part('x'))).toEqual([403, 'this request is full\n'])
  const joined = await post(app, { ...guest, 'Upload-Concat': `final;${urls.join(' ')}` })

  expect(joined.status).toBe(201)
  expect((await seen(app, upload)).files).toMatchObject([{ fileSize: 10, status: 'uploaded' }])
})

test('of two hundred parallel parts a hundred are accepted, and one more when one was deleted', async () => {
  const { request } = await givenGuest(app)
  const headers = { 'X-RequestToken': request.requestToken, 'Upload-Concat': 'partial', 'Upload-Length': '1' }

  const answers = await Promise.all(Array.from({ length: 200 }, () => post(app, headers)))
  const taken = answers.filter(({ status }) => status === 201)
  const [first] = taken
  await terminate(describe(app, first as Response).url)
  const after = [await post(app, headers), await post(app, headers)]

  expect(taken).toHaveLength(100)
  expect(after.map(({ status }) => status)).toEqual([201, 403])
  expect(await after[1]?.text()).toBe('too many unfinished parts by this request, maximum is 100\n')
})

test('of an image the bytes count that were sent', async () => {
  const { upload, request } = await givenGuest(app, { maxSize: 100_000 })
  const photo = await phonePhoto(6)

  await patch(await createdUrl(app, request, photo.byteLength), 0, photo)

  expect((await seen(app, upload)).files).toMatchObject([{ status: 'uploaded', image: { removed: ['gps', 'exif'] } }])
  expect(await listRequests(app, upload)).toMatchObject([{ filesAdded: 1, bytesAdded: photo.byteLength }])
})

test('an encrypted upload takes ciphertext only', async () => {
  const { upload, request } = await givenGuest(app, {}, { e2ee: 'age' })

  const answer = await patch(await createdUrl(app, request, 5), 0, 'hello')

  expect(answer.status).toBe(400)
  expect((await seen(app, upload)).files).toEqual([])
})

test.each([
  ['revoked', 403, 'this request was revoked\n'],
  ['unknown', 404, 'request not found\n'],
])('a token that is %s creates nothing', async (what, status, message) => {
  const { upload, request } = await givenGuest(app)
  if (what === 'revoked') await revokeRequest(app, upload, request.id)
  const token = what === 'revoked' ? request.requestToken : 'x'.repeat(32)

  const answer = create(app, { ...request, requestToken: token }, 5)

  expect(await answerOf(answer)).toEqual([status, message])
  expect((await seen(app, upload)).files).toEqual([])
})

test('revoking ends what is under way', async () => {
  const { upload, request } = await givenGuest(app)
  const url = await createdUrl(app, request, 11)
  await patch(url, 0, 'hello ')

  await revokeRequest(app, upload, request.id)

  expect(await answerOf(patch(url, 6, 'world'))).toEqual([404, 'there is no such unfinished upload\n'])
  await app.maintenance.clean()
  expect((await seen(app, upload)).files).toMatchObject([{ status: 'deleted' }])
  expect(unfinished(app)).toEqual([])
})

test('a guest may send in parts where strangers may not', async () => {
  const app = await makeApp({
    UPLOAD_WHITELIST: '10.0.0.0/8',
    TRUSTED_PROXIES: '127.0.0.1',
    SOURCE_IP_HEADER: 'X-Real-IP',
  })
  const inside = { 'X-Real-IP': '10.1.1.1' }
  const upload = await jsonOf<{ id: string; uploadToken: string; files: null }>(
    fetch(`${app.url}/upload`, { method: 'POST', headers: inside }),
  )
  const request = await jsonOf<CreatedRequest>(
    fetch(`${app.url}/upload/${upload.id}/requests`, {
      method: 'POST',
      headers: { ...inside, 'X-UploadToken': upload.uploadToken },
    }),
  )
  const part = (content: string, headers: Record<string, string>) =>
    post(app, { 'Upload-Length': `${content.length}`, 'Upload-Concat': 'partial', ...headers }, content)
  const guest = { 'X-RequestToken': request.requestToken }

  expect((await part('hello ', {})).status).toBe(403)
  const urls = [describe(app, await part('hello ', guest)).url, describe(app, await part('world', guest)).url]
  const joined = await post(app, {
    ...guest,
    'Upload-Concat': `final;${urls.join(' ')}`,
    'Upload-Metadata': metadata({ filename: 'whole.txt' }),
  })

  expect(joined.status).toBe(201)
  expect((await seen(app, upload)).files).toMatchObject([{ fileName: 'whole.txt', fileSize: 11, request: request.id }])
})

test('the place of a file whose sender has just left is free again once its deletion is answered', async () => {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const { request, guest } = await givenGuest(app, { maxFiles: 1 })
    const url = await createdUrl(app, request, 12_000_000)
    await leaveWhileSending(url, 0)
    await leaveWhileSending(url, await offsetOf(url))

    expect((await terminate(url)).status).toBe(204)

    expect(await jsonOf(guest.info())).toMatchObject({ filesLeft: 1 })
  }
})

async function leaveWhileSending(url: string, offset: number): Promise<void> {
  const { origin, pathname } = new URL(url)
  const sender = await rawClient(origin)
  const headers = {
    'Tus-Resumable': '1.0.0',
    'Upload-Offset': offset,
    'Content-Type': 'application/offset+octet-stream',
  }
  await sender.send(head('PATCH', pathname, { ...headers, 'Content-Length': 12_000_000 - offset }))
  await sender.send(Buffer.alloc(500_000))
  sender.socket.destroy()
}
