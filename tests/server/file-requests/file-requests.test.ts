import { describe, expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { addFile, createUpload } from '../../helpers/client.ts'
import { emptyDatabase, temporaryFolder } from '../../helpers/database.ts'
import { makeApp, sharedApp } from '../../helpers/make-app.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import {
  type CreatedRequest,
  createRequest,
  givenGuest,
  guestWith,
  listRequests,
  revokeRequest,
  seen,
} from './given.ts'

const app = sharedApp()

/** File requests, as created, listed and revoked by an admin of the upload. */

const NOT_YOURS: [number, string] = [403, 'you are not allowed to manage requests of this upload\n']

test('a request answers its token and link once, and says what it takes', async () => {
  const app = await makeApp({ PUBLIC_URL: 'https://share.example' })
  const upload = await createUpload(app, { ttl: 3600 })

  const created = await jsonOf<CreatedRequest>(
    createRequest(app, upload, { title: 'Photos', comments: '**All** of them', maxFiles: 5, maxSize: 1000, ttl: 60 }),
  )

  expect(created).toEqual({
    id: expect.stringMatching(/^[A-Za-z0-9]{16}$/),
    title: 'Photos',
    comments: '**All** of them',
    status: 'open',
    maxFiles: 5,
    maxSize: 1000,
    filesAdded: 0,
    bytesAdded: 0,
    createdAt: upload.createdAt,
    expireAt: new Date(Date.parse(String(upload.createdAt)) + 60_000).toISOString(),
    requestToken: expect.stringMatching(/^[A-Za-z0-9]{32}$/),
    link: `https://share.example/#/?request=${created.requestToken}`,
  })
  const { requestToken: _token, link: _link, ...rest } = created
  expect(await listRequests(app, upload)).toEqual([rest])
})

test('a request without options has no limit but the upload’s', async () => {
  const upload = await createUpload(app)

  const created = await jsonOf(createRequest(app, upload))

  expect(created).toMatchObject({ title: '', comments: '', expireAt: upload.expireAt })
  expect(created).not.toHaveProperty('maxFiles')
  expect(created).not.toHaveProperty('maxSize')
})

test('without a public address the link is relative to the server, whatever host was asked for (P4)', async () => {
  const app = await makeApp({ PATH_PREFIX: '/share' })
  const { request } = await givenGuest(app)

  expect(request.link).toBe(`/share/#/?request=${request.requestToken}`)
})

test('a request never outlives its upload', async () => {
  const upload = await createUpload(app, { ttl: 60 })

  expect(await jsonOf(createRequest(app, upload, { ttl: 3600 }))).toMatchObject({ expireAt: upload.expireAt })
})

test('the database holds the hash of the token only (P1)', async () => {
  const { app, db } = await makeAppWithDatabase()
  const { request } = await givenGuest(app)

  const rows = await db.selectFrom('fileRequests').selectAll().execute()

  expect(rows).toHaveLength(1)
  expect(rows[0]?.tokenHash).toMatch(/^[0-9a-f]{64}$/)
  expect(JSON.stringify(rows)).not.toContain(request.requestToken)
})

test.each([
  [{ maxFiles: -1 }, 'invalid maxFiles. (must be at least 1, or 0 for no limit)\n'],
  [{ maxSize: -1 }, 'invalid maxSize. (must be at least 1, or 0 for no limit)\n'],
  [{ ttl: -1 }, 'invalid ttl. (must be from 0, as long as the upload, to 31536000000 seconds)\n'],
  [{ ttl: 31_536_000_001 }, 'invalid ttl. (must be from 0, as long as the upload, to 31536000000 seconds)\n'],
  [{ title: 'x'.repeat(257) }, 'title is too long, maximum length is 256 bytes\n'],
  [{ title: 'a\0b' }, 'title must not contain NUL characters\n'],
  [{ comments: 'x'.repeat(32_769) }, 'comments are too long, maximum length is 32768 bytes\n'],
  [
    { maxFiles: '5' },
    'unable to deserialize request body : maxfiles: Invalid input: expected number, received string\n',
  ],
])('%o is refused', async (options, message) => {
  const upload = await createUpload(app)

  expect(await answerOf(createRequest(app, upload, options))).toEqual([400, message])
})

test('the largest values that are allowed are taken', async () => {
  const upload = await createUpload(app)
  const options = { title: 'x'.repeat(256), comments: 'x'.repeat(32_768), maxFiles: 1, maxSize: 1, ttl: 31_536_000_000 }

  expect((await createRequest(app, upload, options)).status).toBe(200)
})

test('a stream takes no requests', async () => {
  const upload = await createUpload(app, { stream: true })

  expect(await answerOf(createRequest(app, upload))).toEqual([400, 'a streaming upload takes no requests\n'])
})

test('an upload has a hundred requests at most, also when they are made at once (P9)', async () => {
  const upload = await createUpload(app)

  const answers = await Promise.all(Array.from({ length: 105 }, () => createRequest(app, upload)))

  expect(answers.filter(({ status }) => status === 200)).toHaveLength(100)
  expect(await answerOf(createRequest(app, upload))).toEqual([
    400,
    'maximum number of requests per upload reached, limit is 100\n',
  ])
})

describe('only an admin of an upload can manage its requests', () => {
  test.each([{}, { 'X-UploadToken': 'x'.repeat(32) }])('not a reader, %o', async (headers) => {
    const { upload, request } = await givenGuest(app)
    const url = `${app.url}/upload/${upload.id}/requests`

    expect(await answerOf(fetch(url, { method: 'POST', headers }))).toEqual(NOT_YOURS)
    expect(await answerOf(fetch(url, { headers }))).toEqual(NOT_YOURS)
    expect(await answerOf(fetch(`${url}/${request.id}`, { method: 'DELETE', headers }))).toEqual(NOT_YOURS)
    expect(await listRequests(app, upload)).toMatchObject([{ status: 'open' }])
  })

  test('a token in the query or in a cookie opens nothing (P2)', async () => {
    const { upload } = await givenGuest(app)
    const url = `${app.url}/upload/${upload.id}/requests?uploadToken=${upload.uploadToken}&X-UploadToken=${upload.uploadToken}`

    expect(
      await answerOf(fetch(url, { method: 'POST', headers: { Cookie: `X-UploadToken=${upload.uploadToken}` } })),
    ).toEqual(NOT_YOURS)
  })

  test('the owner’s session does, another user’s does not', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    const { headers } = await givenSession(app, 'anna')
    const { headers: others } = await givenSession(app, 'berta')
    const upload = await jsonOf(fetch(`${app.url}/upload`, { method: 'POST', headers }))
    const url = `${app.url}/upload/${upload.id}/requests`

    const created = await jsonOf(fetch(url, { method: 'POST', headers, body: '{"title":"Mine"}' }))

    expect(await jsonOf(fetch(url, { headers }))).toMatchObject({ requests: [{ id: created.id, title: 'Mine' }] })
    expect(await answerOf(fetch(url, { method: 'POST', headers: others }))).toEqual(NOT_YOURS)
    expect(await answerOf(fetch(url, { headers: others }))).toEqual(NOT_YOURS)
  })

  test('a request of another upload can’t be revoked through one’s own', async () => {
    const { upload, request, guest } = await givenGuest(app)
    const mine = await createUpload(app)

    expect(await answerOf(revokeRequest(app, mine, request.id))).toEqual([404, `request ${request.id} not found\n`])
    expect(await listRequests(app, upload)).toMatchObject([{ status: 'open' }])
    expect((await guest.put('a.txt', 'x')).status).toBe(200)
  })

  test.each(['nothing', '%00', 'x'.repeat(16)])('an unknown request, %s, is not found', async (id) => {
    const upload = await createUpload(app)

    expect((await revokeRequest(app, upload, id)).status).toBe(404)
  })
})

test('an address that may not upload may not create file requests either', async () => {
  const app = await makeApp({
    UPLOAD_WHITELIST: '10.0.0.0/8',
    TRUSTED_PROXIES: '127.0.0.1',
    SOURCE_IP_HEADER: 'X-Real-IP',
  })
  const inside = { 'X-Real-IP': '10.1.1.1' }
  const upload = await jsonOf<{ id: string; uploadToken: string }>(
    fetch(`${app.url}/upload`, { method: 'POST', headers: inside }),
  )
  const create = (address: object) =>
    fetch(`${app.url}/upload/${upload.id}/requests`, {
      method: 'POST',
      headers: { ...address, 'X-UploadToken': upload.uploadToken },
    })

  expect(await answerOf(create({ 'X-Real-IP': '203.0.113.1' }))).toEqual([403, 'untrusted source IP address\n'])
  expect((await create(inside)).status).toBe(200)
})

test('only the uploader sees which file was added through which request', async () => {
  const { upload, request, guest } = await givenGuest(app)
  await addFile(app, upload, 'mine', 'mine.txt')

  await guest.put('theirs.txt', 'theirs')

  const { files } = await seen(app, upload)
  expect(files.map(({ fileName, request: by }) => [fileName, by])).toEqual([
    ['mine.txt', undefined],
    ['theirs.txt', request.id],
  ])
  const asReader = await (await fetch(`${app.url}/upload/${upload.id}`)).text()
  expect(asReader).toContain('theirs.txt')
  expect(asReader).not.toContain(request.id)
})

test('the uploader sees how much came by each request, and what has become of it', async () => {
  const app = await makeApp()
  const { upload, request, guest } = await givenGuest(app, { title: 'full', maxFiles: 2 })
  const revoked = await jsonOf<CreatedRequest>(createRequest(app, upload, { title: 'revoked' }))
  await createRequest(app, upload, { title: 'over', ttl: 60 })
  app.advance(60_000)
  await createRequest(app, upload, { title: 'open' })
  await guest.put('a', '12345')
  await guest.post('123')
  await revokeRequest(app, upload, revoked.id)

  const listed = await listRequests(app, upload)

  const byTitle = Object.fromEntries(listed.map(({ title, ...rest }) => [title, rest]))
  expect(byTitle.full).toMatchObject({ id: request.id, status: 'full', filesAdded: 2, bytesAdded: 8 })
  expect(byTitle.revoked).toMatchObject({ status: 'revoked', filesAdded: 0, bytesAdded: 0 })
  expect(byTitle.over).toMatchObject({ status: 'expired' })
  expect(byTitle.open).toMatchObject({ status: 'open' })
})

test('revoking twice is fine, and requests go with their upload', async () => {
  const { app, db } = await makeAppWithDatabase()
  const { upload, request } = await givenGuest(app)

  expect((await revokeRequest(app, upload, request.id)).status).toBe(200)
  expect(await answerOf(revokeRequest(app, upload, request.id))).toEqual([200, 'ok'])
  await fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE', headers: { 'X-UploadToken': upload.uploadToken } })
  await app.maintenance.clean()

  expect(await db.selectFrom('fileRequests').select('id').execute()).toEqual([])
})

test('switched off, none can be made, and those that were made take nothing', async () => {
  const place = { DATABASE_URL: await emptyDatabase(), DATA_DIR: temporaryFolder() }
  const { upload, request } = await givenGuest(await makeApp(place))
  const app = await makeApp({ ...place, FEATURE_REQUESTS: 'disabled' })
  const guest = guestWith(app, request.requestToken)

  const answers = [createRequest(app, upload), guest.info(), guest.put('a', 'x'), guest.post('x')].map(answerOf)

  expect(await Promise.all(answers)).toEqual(Array(4).fill([403, 'requests are disabled\n']))
  expect((await seen(app, upload)).files).toEqual([])
  expect((await revokeRequest(app, upload, request.id)).status).toBe(200)
})
