import { describe, expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { addFile, type CreatedUpload } from '../../helpers/client.ts'
import { makeApp, sharedApp, type TestApp } from '../../helpers/make-app.ts'
import { head, rawClient } from '../../helpers/raw-client.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { waitFor } from '../../helpers/wait.ts'
import { phonePhoto } from '../images/given.ts'
import { post } from '../resumable/tus-requests.ts'
import {
  type CreatedRequest,
  createRequest,
  givenGuest,
  guestWith,
  heldBody,
  listRequests,
  revokeRequest,
  seen,
  tokenHeader,
} from './given.ts'

const app = sharedApp()

/** What a request takes, at the limit and one past it, and when many come at once (P9). */

const FULL: [number, string] = [403, 'this request is full\n']

const statusesOf = async (answers: Promise<Response>[]): Promise<number[]> =>
  (await Promise.all(answers)).map(({ status }) => status).sort((a, b) => a - b)

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

/** Raw bodies on connections that are open already, so that the server finds all of them waiting. Statuses in order. */
async function atOnce(app: TestApp, count: number, token: string, body: string): Promise<number[]> {
  const headers = { 'X-RequestToken': token, 'Content-Length': body.length }
  const clients = await Promise.all(times(count, () => rawClient(app.url)))
  await Promise.all(clients.map(({ send }) => send(`${head('PUT', '/request/a', headers)}${body}`)))
  const answers = await Promise.all(clients.map(({ answer }) => answer()))
  return answers.map(({ status }) => status).sort((a, b) => a - b)
}

/** Resolves once that many files of the upload are coming in. */
const comingIn = (app: TestApp, upload: Parameters<typeof seen>[1], count: number) =>
  waitFor(async () => {
    const { files } = await seen(app, upload)
    expect(files.filter(({ status }) => status === 'uploading')).toHaveLength(count)
  })

describe('a number of files', () => {
  test('the last one is taken, the next is not, and others continue', async () => {
    const { upload, guest } = await givenGuest(app, { maxFiles: 2 })
    const other = await jsonOf<CreatedRequest>(createRequest(app, upload, { maxFiles: 1 }))

    expect((await guest.put('a', 'x')).status).toBe(200)
    expect((await guest.post('x')).status).toBe(200)
    expect(await answerOf(guest.put('c', 'x'))).toEqual(FULL)
    expect((await guestWith(app, other.requestToken).put('d', 'x')).status).toBe(200)
    expect((await addFile(app, upload, 'x')).status).toBe(200)
  })

  test('of twenty that come at once by a request for five, exactly five get in', async () => {
    const { upload, request } = await givenGuest(app, { maxFiles: 5 })

    const statuses = await atOnce(app, 20, request.requestToken, 'hello')

    expect(statuses).toEqual([...Array(5).fill(200), ...Array(15).fill(403)])
    expect((await seen(app, upload)).files.map(({ status }) => status)).toEqual(Array(5).fill('uploaded'))
  })

  test('what is coming in counts; what failed does not, and leaves nothing behind', async () => {
    const app = await makeApp({ MAX_FILE_SIZE: '10B' })
    const { upload, guest } = await givenGuest(app, { maxFiles: 1 })
    const held = heldBody('hel')
    const first = guest.put('a', held.body).catch(() => 'broken')
    await comingIn(app, upload, 1)

    expect(await answerOf(guest.put('b', 'x'))).toEqual(FULL)
    held.fail()
    await first
    await waitFor(async () => expect((await seen(app, upload)).files).toEqual([]))
    expect(await answerOf(guest.post('much too large'))).toEqual([400, 'file too big (limit is set to 10 B)\n'])
    expect((await guest.put('c', 'x')).status).toBe(200)
    expect((await seen(app, upload)).files).toMatchObject([{ fileName: 'c' }])
  })

  test('failed transfers do not use up the limits', async () => {
    const app = await makeApp({ MAX_FILES_PER_UPLOAD: '3', MAX_FILE_SIZE: '10B' })
    const { upload, guest } = await givenGuest(app)

    await Promise.all(times(10, () => guest.post('much too large')))
    await addFile(app, upload, 'much too large')

    expect((await guest.put('a', 'x')).status).toBe(200)
    expect((await addFile(app, upload, 'x')).status).toBe(200)
    expect((await addFile(app, upload, 'x')).status).toBe(200)
    expect(await answerOf(guest.put('b', 'x'))).toEqual([400, 'maximum number file per upload reached, limit is 3\n'])
    expect((await addFile(app, upload, 'x')).status).toBe(400)
  })

  test('what the uploader removed stays counted', async () => {
    const { upload, guest } = await givenGuest(app, { maxFiles: 1 })
    const { id } = await jsonOf(guest.put('a', 'x'))
    const headers = tokenHeader(upload)

    await fetch(`${app.url}/file/${upload.id}/${id}/a`, { method: 'DELETE', headers })
    await app.maintenance.clean()

    expect(await answerOf(guest.put('b', 'x'))).toEqual(FULL)
    expect(await listRequests(app, upload)).toMatchObject([{ status: 'full', filesAdded: 1, bytesAdded: 1 }])
  })
})

describe('a number of bytes', () => {
  test('the last byte is taken, and one more is refused before it is read', async () => {
    const { upload, guest } = await givenGuest(app, { maxSize: 10 })
    await guest.put('a', '12345')

    expect(await answerOf(guest.put('b', '123456'))).toEqual([400, 'file too big (this request takes 5 B more)\n'])
    expect((await guest.put('b', '12345')).status).toBe(200)
    expect(await answerOf(guest.put('c', '1'))).toEqual(FULL)
    expect((await seen(app, upload)).files).toHaveLength(2)
  })

  test('a JSON client gets 413', async () => {
    const { request } = await givenGuest(app, { maxSize: 10 })
    const headers = { 'X-RequestToken': request.requestToken, Accept: 'application/json' }

    const answer = await fetch(`${app.url}/request/a`, { method: 'PUT', headers, body: '0123456789x' })

    expect([answer.status, await answer.json()]).toMatchObject([
      413,
      { detail: 'file too big (this request takes 10 B more)' },
    ])
  })

  test('of a form, and of a body of unknown length, it is noticed at the first byte too many', async () => {
    const { upload, guest } = await givenGuest(app, { maxSize: 10 })
    const tooMuch: [number, string] = [400, 'file too big (exceeds what is left of this request)\n']
    const unknown = heldBody('0123456789')
    unknown.finish('x')

    expect(await answerOf(guest.post('0123456789x'))).toEqual(tooMuch)
    expect(await answerOf(guest.put('a', unknown.body))).toEqual(tooMuch)
    expect((await seen(app, upload)).files).toEqual([])
    expect((await guest.post('0123456789')).status).toBe(200)
  })

  test('of twenty files of 10 bytes that come at once by a request for 55, exactly five get in', async () => {
    const { upload, request, guest } = await givenGuest(app, { maxSize: 55 })

    const statuses = await atOnce(app, 20, request.requestToken, '0123456789')

    expect(statuses).toEqual([...Array(5).fill(200), ...Array(15).fill(400)])
    expect(await listRequests(app, upload)).toMatchObject([{ filesAdded: 5, bytesAdded: 50 }])
    expect(await jsonOf(guest.info())).toMatchObject({ bytesLeft: 5 })
  })

  test('however files of unknown length come at once, never more gets in than was asked for', async () => {
    const { upload, guest } = await givenGuest(app, { maxSize: 100 })
    const one = (index: number) => {
      const held = heldBody('01234')
      held.finish('56789')
      return index % 2 === 0 ? guest.put('a', held.body) : guest.post('0123456789')
    }

    const statuses = await statusesOf(times(30, one))

    const taken = statuses.filter((status) => status === 200).length
    const [listed] = await listRequests(app, upload)
    expect(taken).toBeGreaterThanOrEqual(1)
    expect(listed).toMatchObject({ filesAdded: taken, bytesAdded: taken * 10 })
    expect(taken * 10).toBeLessThanOrEqual(100)
    expect(statuses.every((status) => [200, 400, 403].includes(status))).toBe(true)
  })

  test('what is set aside for a file of unknown length is given back when it has come', async () => {
    const { upload, guest } = await givenGuest(app, { maxSize: 10 })
    const held = heldBody('012')
    const first = guest.put('a', held.body)
    await comingIn(app, upload, 1)

    expect(await answerOf(guest.put('b', 'x'))).toEqual(FULL)
    held.finish('34')
    expect((await first).status).toBe(200)
    expect(await jsonOf(guest.info())).toMatchObject({ bytesLeft: 5 })
    expect((await guest.put('b', '56789')).status).toBe(200)
  })

  test('of an image the bytes count that were sent, not those it has become', async () => {
    const { upload, guest } = await givenGuest(app, { maxSize: 100_000 })
    const photo = await phonePhoto(6)

    const { fileSize } = await jsonOf(guest.put('photo.jpg', photo))

    expect(fileSize).not.toBe(photo.byteLength)
    expect(await listRequests(app, upload)).toMatchObject([{ bytesAdded: photo.byteLength }])
    expect(await jsonOf(guest.info())).toMatchObject({ bytesLeft: 100_000 - photo.byteLength })
  })

  test('an empty file takes a place and no bytes', async () => {
    const { guest } = await givenGuest(app, { maxSize: 1, maxFiles: 2 })

    expect((await guest.put('a', '')).status).toBe(200)
    expect(await jsonOf(guest.info())).toMatchObject({ filesLeft: 1, bytesLeft: 1 })
    expect((await guest.put('b', '1')).status).toBe(200)
  })
})

describe('while a file comes in', () => {
  test('the last place is taken, and the request not full before it has come', async () => {
    const { upload, guest } = await givenGuest(app, { maxFiles: 1 })
    const held = heldBody('hel')
    const answer = guest.put('a', held.body)
    await comingIn(app, upload, 1)

    const before = await jsonOf(guest.info())
    held.finish('lo')
    await answer
    const after = await jsonOf(guest.info())

    expect(before).toMatchObject({ filesLeft: 0, status: 'open' })
    expect(after).toMatchObject({ filesLeft: 0, status: 'full' })
  })

  test('revoking drops it, whole or not, and says so', async () => {
    const { upload, request, guest } = await givenGuest(app)
    const held = heldBody('hel')
    const answer = guest.put('a', held.body)
    await comingIn(app, upload, 1)

    await revokeRequest(app, upload, request.id)
    held.finish('lo')

    expect(await answerOf(answer)).toEqual([403, 'this request was revoked\n'])
    expect((await seen(app, upload)).files).toMatchObject([{ fileName: 'a', status: 'deleted' }])
  })

  test('what was begun in time may finish', async () => {
    const app = await makeApp()
    const { upload, guest } = await givenGuest(app, { ttl: 60 })
    const held = heldBody('hel')
    const answer = guest.put('a', held.body)
    await comingIn(app, upload, 1)

    app.advance(60_000)
    held.finish('lo')

    expect((await answer).status).toBe(200)
  })

  test('removing the upload is reported without its id', async () => {
    const { upload, guest } = await givenGuest(app)
    const held = heldBody('hel')
    const answer = guest.put('a', held.body)
    await comingIn(app, upload, 1)

    await fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE', headers: tokenHeader(upload) })
    held.finish('lo')

    expect(await answerOf(answer)).toEqual([404, 'the upload behind this request was removed\n'])
  })

  test('what a guest begins while the file request is revoked leaves nothing behind', async () => {
    const { upload, request, guest } = await givenGuest(app)

    const answers = times(10, () => guest.put('a', 'hello'))
    const revoked = revokeRequest(app, upload, request.id)
    const statuses = await statusesOf(answers)

    expect((await revoked).status).toBe(200)
    const { files } = await seen(app, upload)
    const kept = files.filter(({ status }) => status === 'uploaded')
    expect(kept).toHaveLength(statuses.filter((status) => status === 200).length)
    expect(files.filter(({ status }) => status === 'uploading')).toEqual([])
  })
})

test('the places of guests are released when the lease of a dead process expires', async () => {
  const { app, db } = await makeAppWithDatabase({ MAX_FILES_PER_UPLOAD: '1' })
  const { upload, guest } = await givenGuest(app, { maxFiles: 1, maxSize: 10 })
  const { id } = await jsonOf(guest.put('a', '0123456789'))
  await app.storeOwnership.assertOwned()
  const died = { status: 'uploading' as const, uploaded_at: null, lease_until: 0 }
  await db.updateTable('files').set(died).where('id', '=', id).execute()

  expect(await answerOf(guest.put('b', 'x'))).toEqual(FULL)
  await app.letTimePass(60_000)
  await app.maintenance.clean()

  expect((await guest.put('b', '0123456789')).status).toBe(200)
  expect((await seen(app, upload)).files).toMatchObject([{ fileName: 'b', status: 'uploaded' }])
})

describe('what its owner may keep', () => {
  const NO_ROOM: [number, string] = [400, 'there is currently no space for this file\n']

  /** The owner of the upload has room for 40 bytes, and files of up to 50. */
  async function givenGuestOfGrace() {
    const app = await makeApp(WITH_ACCOUNTS)
    const { headers } = await givenSession(app, 'grace', { maxUserSizeBytes: 100, maxFileSizeBytes: 60 })
    const upload = await jsonOf<CreatedUpload>(fetch(`${app.url}/upload`, { method: 'POST', headers }))
    await addFile(app, upload, 'x'.repeat(60))
    const request = await jsonOf<CreatedRequest>(createRequest(app, upload))
    return { app, token: request.requestToken, guest: guestWith(app, request.requestToken) }
  }

  test('limits a guest without revealing the limit, whether the size is announced or not', async () => {
    const { guest } = await givenGuestOfGrace()
    const unknown = heldBody('x')
    unknown.finish('x'.repeat(40))

    expect(await answerOf(guest.put('a', 'x'.repeat(41)))).toEqual(NO_ROOM)
    expect(await answerOf(guest.post('x'.repeat(41)))).toEqual(NO_ROOM)
    expect(await answerOf(guest.put('a', unknown.body))).toEqual(NO_ROOM)
    expect((await guest.put('a', 'x'.repeat(40))).status).toBe(200)
  })

  test('resumed uploads do not tell a guest either', async () => {
    const { app, token } = await givenGuestOfGrace()
    const headers = { 'X-RequestToken': token }
    const deferred = { ...headers, 'Upload-Complete': '?0' }

    const announced = await post(app, { ...headers, 'Upload-Length': '41' })
    const unknown = await fetch(`${app.url}/tus`, { method: 'POST', headers: deferred })
    const url = new URL(unknown.headers.get('location') ?? '', `${app.url}/tus`).href
    const end = { 'Upload-Offset': '0', 'Upload-Complete': '?1' }
    const sent = await fetch(url, { method: 'PATCH', headers: end, body: 'x'.repeat(41) })

    expect(await answerOf(announced)).toEqual([413, NO_ROOM[1]])
    expect(unknown.headers.get('upload-limit')).toContain('max-size=60,')
    expect(await answerOf(sent)).toEqual([413, NO_ROOM[1]])
  })

  test('a file larger than any may be is refused in the usual words', async () => {
    const { guest } = await givenGuestOfGrace()

    expect(await answerOf(guest.put('a', 'x'.repeat(61)))).toEqual([400, 'file too big (limit is set to 60 B)\n'])
  })
})
