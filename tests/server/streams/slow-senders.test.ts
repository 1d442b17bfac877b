import { once } from 'node:events'
import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { finished } from 'node:stream/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { answerOf } from '../../helpers/answers.ts'
import { type CreatedUpload, createUpload, fileForm } from '../../helpers/client.ts'
import { migratedDatabase, temporaryFolder } from '../../helpers/database.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import {
  CHUNKED_FORM,
  chunk,
  FORM_END,
  formPart,
  head,
  LAST_CHUNK,
  type RawClient,
  rawClient,
} from '../../helpers/raw-client.ts'
import { waitFor } from '../../helpers/wait.ts'
import { givenStream, statusOf } from './given.ts'

/** Streams whose sender has nothing to send for a while, as `(sleep 8; echo hi) | plik --stream` or a database dump through gzip. */

const PART = formPart('file', 'a.bin')

/** A sender that has sent the head of its request, and `begun` of the form. */
async function givenSlowSender(app: TestApp, upload: CreatedUpload, id: string, begun: string): Promise<RawClient> {
  const sender = await rawClient(app.url)
  await sender.send(
    head('POST', `/stream/${upload.id}/${id}/a.bin`, { ...CHUNKED_FORM, 'X-UploadToken': upload.uploadToken }),
  )
  if (begun !== '') await sender.send(chunk(begun))
  await waitFor(async () => expect(await statusOf(app, upload)).toBe('uploading'))
  return sender
}

async function finish(sender: RawClient, rest: string) {
  await sender.send(chunk(rest + FORM_END))
  await sender.send(LAST_CHUNK)
  return sender.answer()
}

/** Begins to ask for the stream, and waits until the server has seen that. */
async function startReading(app: TestApp, path: string, signal?: AbortSignal) {
  const look = vi.spyOn(app.uploads, 'getFile')
  const reading = answerOf(fetch(app.url + path, signal ? { signal } : {}))
  reading.catch(() => {})
  await waitFor(() => expect(look).toHaveBeenCalled())
  look.mockRestore()
  return { reading }
}

/** A reader that has begun to read: what it reads, and how it leaves. */
async function givenReader(url: string) {
  const request = get(url)
  request.on('error', () => {})
  onTestFinished(() => void request.destroy())
  const [response] = await once(request, 'response')
  await once(response, 'data')
  response.on('error', () => {})
  return { leave: () => request.destroy(), closed: new Promise((resolve) => response.once('close', resolve)) }
}

async function givenReplicas(settings: Record<string, string> = {}): Promise<[TestApp, TestApp]> {
  const shared = { ...settings, DATA_DIR: temporaryFolder(), DATABASE_URL: await migratedDatabase() }
  return [await makeApp(shared), await makeApp(shared)]
}

/** The same link on another replica. */
const on = ({ url }: { url: string }, link: string): string => url + new URL(link).pathname

const BEGINNINGS = [
  ['the head of its request', ''],
  ['the head of the file', PART],
] as const

test.for(BEGINNINGS)('readers wait for a sender that has sent only %s', async ([, begun]) => {
  const app = await makeApp()
  const { upload, id, url } = await givenStream(app)
  const sender = await givenSlowSender(app, upload, id, begun)

  const { reading } = await startReading(app, new URL(url).pathname)
  expect((await fetch(url)).status).toBe(404) // there is a reader already
  const answer = await finish(sender, `${PART.slice(begun.length)}hi`)

  expect(await reading).toEqual([200, 'hi'])
  expect(JSON.parse(answer.body)).toMatchObject({ status: 'deleted', fileSize: 2 })
})

test.for(BEGINNINGS)('a sender that has sent only %s is not displaced by another one', async ([, begun]) => {
  const app = await makeApp()
  const { upload, id, url } = await givenStream(app)
  const sender = await givenSlowSender(app, upload, id, begun)

  const headers = { 'X-UploadToken': upload.uploadToken }
  const other = await answerOf(fetch(url, { method: 'POST', headers, body: fileForm('other', 'a.bin') }))
  const reading = answerOf(fetch(url))
  await finish(sender, `${PART.slice(begun.length)}hi`)

  expect(other).toEqual([400, 'invalid file status uploading, expected missing\n'])
  expect(await reading).toEqual([200, 'hi'])
})

test('readers wait for ciphertext, which has to be recognised first, also on another replica', async () => {
  const [holder, other] = await givenReplicas()
  const upload = await createUpload(holder, { stream: true, e2ee: 'age', files: [{ fileName: 'a.bin' }] })
  const id = upload.files?.[0]?.id as string
  const sender = await givenSlowSender(holder, upload, id, `${PART}age-`)

  const { reading } = await startReading(other, `/file/${upload.id}/${id}/a.bin`)
  await finish(sender, 'encryption.org/v1\n-> X25519 not really\n')

  expect(await reading).toEqual([200, 'age-encryption.org/v1\n-> X25519 not really\n'])
})

test('a sender whose form is wrong is told so before anybody reads, and may try again', async () => {
  const app = await makeApp()
  const { upload, id, url } = await givenStream(app)
  const headers = { 'X-UploadToken': upload.uploadToken }
  const post = (body: FormData | string) => fetch(url, { method: 'POST', headers, body })

  expect(await answerOf(post(fileForm('hi', 'b.bin')))).toEqual([400, 'invalid file name\n'])
  expect(await answerOf(post('hi'))).toEqual([
    400,
    "invalid multipart form : request Content-Type isn't multipart/form-data\n",
  ])
  const sender = await givenSlowSender(app, upload, id, PART)
  const reading = answerOf(fetch(url))
  await finish(sender, 'hi')

  expect(await reading).toEqual([200, 'hi'])
})

test('plaintext for an encrypted upload is refused before anybody reads', async () => {
  const app = await makeApp()
  const upload = await createUpload(app, { stream: true, e2ee: 'age', files: [{ fileName: 'a.bin' }] })
  const url = `${app.url}/stream/${upload.id}/${upload.files?.[0]?.id}/a.bin`
  const headers = { 'X-UploadToken': upload.uploadToken }

  const answer = await answerOf(fetch(url, { method: 'POST', headers, body: fileForm('plain', 'a.bin') }))

  expect(answer).toEqual([400, 'this upload takes only files that are encrypted with age\n'])
  expect(await statusOf(app, upload)).toBe('deleted')
})

test('a sender may be silent for longer than other senders, before and while somebody reads', async () => {
  const replicas = await givenReplicas({ IDLE_TIMEOUT: '200ms' })
  const [app, other] = replicas
  const [here, there] = [await givenStream(app), await givenStream(app)]
  const senders = await Promise.all([here, there].map(({ upload, id }) => givenSlowSender(app, upload, id, PART)))
  await othersAreCut(app)
  const reading = Promise.all([answerOf(fetch(here.url)), answerOf(fetch(on(other, there.url)))])
  await Promise.all(replicas.map(othersAreCut))
  await Promise.all(senders.map((sender) => sender.send(chunk('h'))))
  await Promise.all(replicas.map(othersAreCut))

  await Promise.all(senders.map((sender) => finish(sender, 'i')))

  expect(await reading).toEqual([
    [200, 'hi'],
    [200, 'hi'],
  ])
})

/** Resolves when a connection that was opened now was cut for its silence. */
const othersAreCut = async ({ url }: TestApp): Promise<void> => (await rawClient(url)).closed

test('a silent sender is told at once that its reader has left', async () => {
  const [app, other] = await givenReplicas()
  const streams = [await givenStream(app), await givenStream(app)] as const
  const senders = await Promise.all(streams.map(({ upload, id }) => givenSlowSender(app, upload, id, `${PART}hi`)))
  await Promise.all(senders.map((sender) => sender.send(chunk('x'.repeat(1_000))))) // the end of a form may begin with the first
  const readers = [await givenReader(streams[0].url), await givenReader(on(other, streams[1].url))]

  for (const { leave } of readers) leave()

  const answers = await Promise.all(senders.map((sender) => sender.answer()))
  expect(answers.map(({ body }) => body)).toEqual(Array(2).fill('the downloader disconnected before the end\n'))
  expect(await Promise.all(streams.map(({ upload }) => statusOf(app, upload)))).toEqual(['deleted', 'deleted'])
})

test('a sender is told that its reader has left before the first byte', async () => {
  const app = await makeApp()
  const { upload, id, url } = await givenStream(app)
  const sender = await givenSlowSender(app, upload, id, PART)
  const leave = new AbortController()
  await startReading(app, new URL(url).pathname, leave.signal)
  expect((await fetch(url)).status).toBe(404) // there is a reader already

  leave.abort()

  expect((await sender.answer()).body).toBe('the downloader disconnected before the end\n')
})

test('a sender that only writes is cut within a second after its reader has left', async () => {
  const app = await makeApp()
  const { upload, id, url } = await givenStream(app)
  const sender = await givenSlowSender(app, upload, id, `${PART}hi`)
  sender.socket.pause() // its answer waits unread
  const writing = setInterval(() => sender.socket.write(chunk('x'.repeat(1_000))), 20)
  onTestFinished(() => clearInterval(writing))
  const reader = await givenReader(url)
  const left = performance.now()

  reader.leave()
  await sender.closed

  expect(performance.now() - left).toBeLessThan(3_000) // 600 ms when nothing else runs; others are read on for 10 s
})

test('a stream that is deleted ends at once for a silent sender and its reader', async () => {
  const app = await makeApp()
  const { upload, id, url } = await givenStream(app)
  const sender = await givenSlowSender(app, upload, id, `${PART}hi`)
  await sender.send(chunk('x'.repeat(1_000)))
  const reader = await givenReader(url)

  await fetch(url, { method: 'DELETE', headers: { 'X-UploadToken': upload.uploadToken } })

  await reader.closed
  expect((await sender.answer()).body).toBe('the stream was cancelled\n')
})

/** A reader as nginx is to its backends by default: over HTTP/1.0 neither a length nor chunks show where a stream ends. */
async function givenOldReader(app: TestApp) {
  const { upload, id, url } = await givenStream(app)
  const sender = await givenSlowSender(app, upload, id, `${PART}begun, `)
  const { socket: reader } = await rawClient(app.url)
  reader.write(`GET ${new URL(url).pathname} HTTP/1.0\r\n\r\n`)
  await once(reader, 'data')
  return { sender, reader }
}

test.each(['its sender leaves', 'the server cuts the connection'] as const)(
  'a stream over HTTP/1.0 is reset when %s, since an orderly end would look whole (P7, P21)',
  async (cause) => {
    const app = await makeApp()
    const { sender, reader } = await givenOldReader(app)

    if (cause === 'its sender leaves') sender.socket.destroy()
    else app.server.server.closeAllConnections()

    await expect(finished(reader.resume(), { writable: false })).rejects.toMatchObject({ code: 'ECONNRESET' })
  },
)

test('a whole stream over HTTP/1.0 ends with the connection', async () => {
  const { sender, reader } = await givenOldReader(await makeApp())

  const [rest] = await Promise.all([text(reader), finish(sender, 'and whole')])

  expect(rest).toBe('and whole')
})
