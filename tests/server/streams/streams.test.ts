import { createHash, randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { createStreamRelay } from '../../../server/streams/stream-relay.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { addFile, type CreatedUpload, createUpload, fileForm } from '../../helpers/client.ts'
import { makeApp, sharedApp } from '../../helpers/make-app.ts'
import { waitFor } from '../../helpers/wait.ts'
import { givenSender, givenStream, statusOf } from './given.ts'

const app = sharedApp()

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

test('bytes pass from the sender to the reader and nothing is kept (Plik §3.8)', async () => {
  const content = randomBytes(3_000_000)
  const { upload, id, url } = await givenStream(app)
  const sender = await givenSender(app, upload, id, content)

  const reader = await fetch(url)
  const received = await reader.bytes()
  const answer = await sender.answer

  expect(sha256(received)).toBe(sha256(content))
  expect(reader.headers.get('cache-control')).toContain('no-store')
  expect(reader.headers.get('content-type')).toBe('application/octet-stream')
  expect(reader.headers.get('content-length')).toBeNull()
  expect(await answer.json()).toMatchObject({
    status: 'deleted',
    fileSize: 3_000_000,
    fileMd5: createHash('md5').update(content).digest('hex'),
  })
  expect(await (await fetch(url)).text()).toBe(`file a.bin (${id}) is not available : deleted\n`)
})

test('a stream that is one-shot, too, ends well for both sides (500 for the sender in Plik §3.8)', async () => {
  const { upload, id, url } = await givenStream(app, {}, { oneShot: true })
  const sender = await givenSender(app, upload, id, Buffer.from('hello'))

  expect(await answerOf(fetch(url))).toEqual([200, 'hello'])
  expect(await jsonOf(sender.answer)).toMatchObject({ status: 'deleted', fileSize: 5 })
})

test('a reader that comes before the sender is told to come back', async () => {
  const { id, url } = await givenStream(app)

  const response = await fetch(url)

  expect(response.status).toBe(404)
  expect(await response.text()).toBe(`file a.bin (${id}) is not available : missing\n`)
})

test('what the sender declared becomes the headers; a HEAD pairs with nobody', async () => {
  const { upload, id, url } = await givenStream(app, { fileSize: 5, fileType: 'text/html' })
  const sender = await givenSender(app, upload, id, Buffer.from('hello'))

  const head = await fetch(url, { method: 'HEAD' })
  const body = await (await fetch(url)).text()

  expect(head.headers.get('content-length')).toBe('5')
  expect(head.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(head.headers.get('accept-ranges')).toBe('none')
  expect(body).toBe('hello')
  expect((await sender.answer).status).toBe(200)
})

test('a second reader gets nothing', async () => {
  const { upload, id, url } = await givenStream(app)
  const sender = await givenSender(app, upload, id, randomBytes(20_000_000))
  const first = await fetch(url)

  const second = await fetch(url)

  expect(second.status).toBe(404)
  await first.bytes()
  expect((await sender.answer).status).toBe(200)
})

test('when the reader leaves, the sender is told at once and the file is deleted', async () => {
  const { upload, id, url } = await givenStream(app)
  const sender = await givenSender(app, upload, id, randomBytes(30_000_000))
  const reader = new AbortController()
  const response = await fetch(url, { signal: reader.signal })
  await response.body?.getReader().read()

  reader.abort()
  const answer = await sender.answer

  expect(answer.status).toBe(400)
  expect(await answer.text()).toBe('the downloader disconnected before the end\n')
  expect(await statusOf(app, upload)).toBe('deleted')
})

test('when the sender leaves, the reader sees a broken transfer and never a short file', async () => {
  const { upload, id, url } = await givenStream(app)
  const boundary = 'frontier'
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n`
  const sender = httpRequest(`${app.url}/stream/${upload.id}/${id}/a.bin`, {
    method: 'POST',
    headers: { 'X-UploadToken': upload.uploadToken, 'Content-Type': `multipart/form-data; boundary=${boundary}` },
  })
  sender.on('error', () => {})
  sender.write(Buffer.concat([Buffer.from(head), randomBytes(1_000_000)]))
  await waitFor(async () => expect(await statusOf(app, upload)).toBe('uploading'))
  const response = await fetch(url)
  const reader = response.body?.getReader()
  await reader?.read()

  sender.destroy()

  await expect(drain(reader)).rejects.toThrow()
  await waitFor(async () => expect(await statusOf(app, upload)).toBe('deleted'))
})

async function drain(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<void> {
  while (!(await reader?.read())?.done);
}

test('a sender that hangs up before anybody came leaves a deleted file', async () => {
  const { upload, id } = await givenStream(app)
  const sender = new AbortController()
  await givenSender(app, upload, id, Buffer.from('hello'), sender.signal)

  sender.abort()

  await waitFor(async () => expect(await statusOf(app, upload)).toBe('deleted'))
})

test('a stopping server lets nobody wait', async () => {
  const app = await makeApp()
  const { upload, id } = await givenStream(app)
  const { answer } = await givenSender(app, upload, id, Buffer.from('hello'))

  const closing = app.close()

  expect(await (await answer).text()).toBe('the server is stopping\n')
  await closing
})

test('nothing is offered to a relay that is closed, as by a sender whose row was written meanwhile', async () => {
  const relay = createStreamRelay({ timeoutMs: 60_000 })
  relay.close()

  const offered = relay.offer('file', Readable.from([Buffer.from('x')]))

  await expect(offered).rejects.toThrow('the server is stopping')
  expect(relay.holds('file')).toBe(false)
})

test('a sender waits no longer than the limit', async () => {
  const app = await makeApp({ STREAM_TIMEOUT: '100ms' })
  const { upload, id } = await givenStream(app)

  const response = await fetch(`${app.url}/stream/${upload.id}/${id}/a.bin`, {
    method: 'POST',
    headers: { 'X-UploadToken': upload.uploadToken },
    body: fileForm('x', 'a.bin'),
  })

  expect(response.status).toBe(400)
  expect(await response.text()).toBe('nobody downloaded the stream in time\n')
  expect(await statusOf(app, upload)).toBe('deleted')
})

test('one byte past the size limit ends the stream on both sides', async () => {
  const app = await makeApp({ MAX_FILE_SIZE: '1MB' })
  const { upload, id, url } = await givenStream(app)
  const sender = await givenSender(app, upload, id, randomBytes(1_000_001))

  const reading = fetch(url).then((response) => response.bytes())

  await expect(reading).rejects.toThrow()
  expect(await (await sender.answer).text()).toBe('file too big (limit is set to 1.0 MB)\n')
})

test('there is no archive of a stream, and no preview', async () => {
  const { upload, id, url } = await givenStream(app)
  const leave = new AbortController()
  await givenSender(app, upload, id, Buffer.from('x'), leave.signal)

  const archive = await fetch(`${app.url}/archive/${upload.id}/a.zip`)
  const preview = await fetch(url, { headers: { 'User-Agent': 'Slackbot-LinkExpanding 1.0' } })

  expect(await archive.text()).toBe('archive feature is not available in stream mode\n')
  expect(preview.status).toBe(406)
  leave.abort()
})

test('a quick upload is refused where everything must be streamed', async () => {
  const app = await makeApp({ FEATURE_STREAM: 'forced' })

  const response = await fetch(app.url, { method: 'POST', body: fileForm('x') })

  expect(response.status).toBe(400)
  expect(await response.text()).toContain('only accepts streaming uploads')
})

test('a file that was not declared streams, too', async () => {
  const upload = await createUpload(app, { stream: true })
  const sender = { answer: addFile(app, upload, 'hello', 'late.txt') }
  await waitFor(async () => expect(await statusOf(app, upload)).toBe('uploading'))
  const listed = (await (await fetch(`${app.url}/upload/${upload.id}`)).json()) as CreatedUpload

  const body = await (await fetch(`${app.url}/file/${upload.id}/${listed.files?.[0]?.id}/late.txt`)).text()

  expect(body).toBe('hello')
  expect((await sender.answer).status).toBe(200)
})

test.for([
  ['more', 5, 'hello and then some'],
  ['less', 100, 'hello'],
] as const)(
  'a sender that sends %s than was declared is refused, and its reader cut',
  async ([, fileSize, content]) => {
    const { upload, id, url } = await givenStream(app, { fileSize })
    const sender = await givenSender(app, upload, id, Buffer.from(content))

    const reading = fetch(url).then((response) => (response.ok ? response.text() : 'refused'))

    expect(await reading.catch(() => 'cut')).toMatch(/^(cut|refused)$/)
    expect(await (await sender.answer).text()).toBe(`the file does not have the ${fileSize} bytes that were declared\n`)
  },
)

test('DELETE /stream lets a waiting sender go (Plik 1.4)', async () => {
  const { upload, id, url } = await givenStream(app)
  const sender = await givenSender(app, upload, id, randomBytes(10))
  const headers = { 'X-UploadToken': upload.uploadToken }

  const answer = await fetch(url.replace('/file/', '/stream/'), { method: 'DELETE', headers })

  expect(await answerOf(answer)).toEqual([200, 'ok'])
  expect(await answerOf(sender.answer)).toEqual([400, 'the stream was cancelled\n'])
})

test('DELETE /stream in the middle ends it for both sides', async () => {
  const { upload, id, url } = await givenStream(app)
  const sender = await givenSender(app, upload, id, randomBytes(30_000_000))
  const body = (await fetch(url)).body?.getReader()
  await body?.read()

  await fetch(url, { method: 'DELETE', headers: { 'X-UploadToken': upload.uploadToken } })

  await expect(drain(body)).rejects.toThrow()
  expect(await answerOf(sender.answer)).toEqual([400, 'the stream was cancelled\n'])
})

test('an upload that is removed lets its waiting senders go', async () => {
  const { upload, id } = await givenStream(app)
  const sender = await givenSender(app, upload, id, randomBytes(10))

  await fetch(`${app.url}/upload/${upload.id}`, {
    method: 'DELETE',
    headers: { 'X-UploadToken': upload.uploadToken },
  })

  expect(await answerOf(sender.answer)).toEqual([400, 'the stream was cancelled\n'])
})

test('only the holder of the upload token, or anybody if it is removable, may delete a stream', async () => {
  const { upload, id, url } = await givenStream(app)
  const leave = new AbortController()
  await givenSender(app, upload, id, randomBytes(10), leave.signal)

  const answer = await fetch(url.replace('/file/', '/stream/'), { method: 'DELETE' })

  expect(await answerOf(answer)).toEqual([403, 'you are not allowed to remove files from this upload\n'])
  expect(await statusOf(app, upload)).toBe('uploading')
  leave.abort()
})
