import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { head as headOf, rawClient } from '../../helpers/raw-client.ts'
import { waitFor, waitUntil } from '../../helpers/wait.ts'
import { describe, offsetOf, patch, post } from '../resumable/tus-requests.ts'
import { givenGuest, revokeRequest, seen } from './given.ts'

/** What guests have not finished ends with the request or the upload that it was for. */

const HOUR = 60 * 60 * 1000

type Guest = Awaited<ReturnType<typeof givenGuest>>

const stored = ({ dataDir }: TestApp): string[] =>
  readdirSync(join(dataDir, 'files'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    /[0-9a-f]{32}(\.\w+)?$/.test(path),
  )

/** A part that is whole, a part and a file of which 6 of 11 bytes were received, in this order. */
async function givenUnfinished(app: TestApp, { request }: Guest): Promise<[string, string, string]> {
  const create = async (headers: Record<string, string>, body: string) => {
    const guest = { 'X-RequestToken': request.requestToken, ...headers }
    const { url } = describe(app, await post(app, guest, body))
    return url
  }
  return [
    await create({ 'Upload-Length': '6', 'Upload-Concat': 'partial' }, 'hello '),
    await create({ 'Upload-Length': '11', 'Upload-Concat': 'partial' }, 'hello '),
    await create({ 'Upload-Length': '11' }, 'hello '),
  ]
}

const remove = (app: TestApp, { upload }: Guest) =>
  fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE', headers: { 'X-UploadToken': upload.uploadToken } })

const ENDINGS: [string, (app: TestApp, guest: Guest) => unknown][] = [
  ['the request is revoked', (app, { upload, request }) => revokeRequest(app, upload, request.id)],
  ['the request expires', (app) => app.advance(HOUR)],
  ['the upload is removed', remove],
]

test.each(ENDINGS)('when %s, nothing takes more bytes, in whichever protocol they come', async (_what, end) => {
  const app = await makeApp()
  const guest = await givenGuest(app, { ttl: 3600 })
  const [whole, part, file] = await givenUnfinished(app, guest)

  await end(app, guest)

  const draft = { 'Upload-Offset': '6', 'Upload-Complete': '?1' }
  const statuses = {
    heads: [await offsetOf(whole), await offsetOf(part), await offsetOf(file)],
    tus: [(await patch(part, 6, 'world')).status, (await patch(file, 6, 'world')).status],
    draft: [part, file].map(
      async (url) => (await fetch(url, { method: 'PATCH', headers: draft, body: 'world' })).status,
    ),
    put: (await fetch(file, { method: 'PUT', headers: { 'Content-Range': 'bytes 6-10/11' }, body: 'world' })).status,
    join: (await post(app, { 'X-RequestToken': guest.request.requestToken, 'Upload-Concat': `final;${whole}` })).status,
  }
  expect({ ...statuses, draft: await Promise.all(statuses.draft) }).toEqual({
    heads: [404, 404, 404],
    tus: [404, 404],
    draft: [404, 404],
    put: 404,
    join: 404,
  })
})

test.each(ENDINGS.filter(([what]) => what !== 'the request expires'))(
  'when %s, what was received is deleted without waiting for a job',
  async (_what, end) => {
    const app = await makeApp()
    const guest = await givenGuest(app)
    await givenUnfinished(app, guest)
    expect(stored(app)).toHaveLength(3)

    await end(app, guest)

    await waitFor(() => expect(stored(app)).toEqual([]))
  },
)

/** A request that continues from byte 6 of 11, and stalls. */
async function stalledSender(url: string) {
  const sender = await rawClient(url)
  const headers = {
    'Tus-Resumable': '1.0.0',
    'Content-Type': 'application/offset+octet-stream',
    'Upload-Offset': 6,
    'Content-Length': 5,
  }
  await sender.send(headOf('PATCH', new URL(url).pathname, headers))
  await sender.send('wor')
  return sender
}

const receivedBytes = (app: TestApp): number => {
  const folder = join(app.dataDir, 'files', 'tmp')
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

test.each(ENDINGS)(
  'when %s, a request that is sending is answered 404, on this replica and on another',
  async (what, end) => {
    const app = await makeApp()
    const other = await makeApp({ DATA_DIR: app.dataDir, DATABASE_URL: app.databaseUrl })
    const guest = await givenGuest(app, { ttl: 3600 })
    const [, part, file] = await givenUnfinished(app, guest)
    const senders = [await stalledSender(part), await stalledSender(file.replace(app.url, other.url))]
    await waitUntil(() => receivedBytes(app) === 18) // what was received is written every two seconds

    await end(app, guest)
    if (what === 'the request expires') other.advance(HOUR)

    const answers = await Promise.all(senders.map((sender) => sender.answer()))
    expect(answers.map(({ status }) => status)).toEqual([404, 404])
    await app.maintenance.clean()
    expect(stored(app)).toEqual([])
  },
)

test.each(ENDINGS.filter(([what]) => what !== 'the request expires'))(
  'when %s, a file that is sent in one request is refused although more of it would come',
  async (what, end) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const app = await makeApp()
    const guest = await givenGuest(app)
    const sender = await rawClient(app.url)
    const headers = { 'X-RequestToken': guest.request.requestToken, 'Content-Length': 1_000_000 }
    await sender.send(headOf('PUT', '/request/a', headers))
    await sender.send('the first bytes')
    await waitFor(async () => expect((await seen(app, guest.upload)).files).toHaveLength(1))

    await end(app, guest)
    vi.advanceTimersByTime(20_000)

    expect((await sender.answer()).status).toBe(what === 'the upload is removed' ? 404 : 403)
  },
)
