import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { type CreatedUpload, createUpload, fileForm, givenFile } from '../../helpers/client.ts'
import { FORM_TYPE, filePart, form, part } from '../../helpers/form.ts'
import { makeApp, sharedApp, type TestApp } from '../../helpers/make-app.ts'
import { openConnection, sendRaw } from '../../helpers/raw-http.ts'
import { storedFiles } from '../../helpers/stored-files.ts'
import { waitFor } from '../../helpers/wait.ts'

const app = sharedApp()

/** `POST /file/:upload/:file/:name`: bytes for a declared file (Plik §1.6, §3.2). */

async function declare(app: TestApp, name = 'a.txt', options: object = {}) {
  const upload = await createUpload(app, { ...options, files: [{ fileName: name, fileSize: 5, reference: '7' }] })
  const id = upload.files?.[0]?.id ?? ''
  return { upload, id, path: `/file/${upload.id}/${id}/${encodeURIComponent(name)}` }
}

const post = (app: TestApp, path: string, { uploadToken }: CreatedUpload, content = 'hello', name = 'a.txt') =>
  fetch(app.url + path, { method: 'POST', headers: { 'X-UploadToken': uploadToken }, body: fileForm(content, name) })

test('a declared file keeps its id and reference, and gets true values for what was only declared (Plik §8.11)', async () => {
  const { upload, id, path } = await declare(app)

  const file = await jsonOf(post(app, path, upload, ''))

  expect(file).toMatchObject({ id, reference: '7', status: 'uploaded', fileSize: 0, fileType: '' })
})

test.each([
  ['a byte more', 'hello!'],
  ['a byte less', 'hell'],
])('%s than was declared is refused, and the file is missing again', async (_, content) => {
  const app = await makeApp()
  const { upload, path } = await declare(app)

  const answer = await answerOf(post(app, path, upload, content))

  expect(answer).toEqual([400, 'the file does not have the 5 bytes that were declared\n'])
  expect((await jsonOf(fetch(`${app.url}/upload/${upload.id}`))).files).toMatchObject([{ status: 'missing' }])
  expect(storedFiles(app.dataDir)).toEqual([])
})

test('a slot that is filled takes nothing more, and keeps what it has (Plik §2.2, P6)', async () => {
  const { upload, path } = await declare(app)
  await post(app, path, upload, 'first')

  const again = await answerOf(post(app, path, upload, 'second'))

  expect(again).toEqual([400, 'invalid file status uploaded, expected missing\n'])
  expect(await answerOf(fetch(app.url + path))).toEqual([200, 'first'])
})

test('a file that was not declared can not be overwritten either (P6)', async () => {
  const { upload, url } = await givenFile(app, {}, 'first', 'a.txt')

  const again = await answerOf(post(app, new URL(url).pathname, upload, 'second'))

  expect(again).toEqual([400, 'invalid file status uploaded, expected missing\n'])
})

test('while one uploader sends, a second one is refused at once (Plik §3.2)', async () => {
  const { upload, path } = await declare(app)
  const body = form(filePart('a.txt', 'slow!'))
  const slow = await openConnection(app)
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: h',
    `X-UploadToken: ${upload.uploadToken}`,
    `Content-Type: ${FORM_TYPE}`,
  ]
  slow.send(
    `${[...head, `Content-Length: ${body.length}`, 'Connection: close'].join('\r\n')}\r\n\r\n${body.slice(0, -10)}`,
  )
  const seen = () => jsonOf<CreatedUpload>(fetch(`${app.url}/upload/${upload.id}`))
  await waitFor(async () => expect((await seen()).files).toMatchObject([{ status: 'uploading' }]))

  const second = await answerOf(post(app, path, upload, 'fast'))
  const early = await answerOf(fetch(app.url + path))
  slow.send(body.slice(-10))
  const first = await slow.answer()

  expect(second).toEqual([400, 'invalid file status uploading, expected missing\n'])
  expect(early).toEqual([404, expect.stringMatching(/^file a\.txt \(\w{16}\) is not available : uploading\n$/)])
  expect(first.status).toBe(200)
  expect(await answerOf(fetch(app.url + path))).toEqual([200, 'slow!'])
})

test('of ten uploaders at the same moment one gets 200 and nine 400 (Plik §3.2)', async () => {
  const { upload, path } = await declare(app)

  const responses = await Promise.all(Array.from({ length: 10 }, () => post(app, path, upload)))

  expect(responses.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, ...Array(9).fill(400)])
  expect(await answerOf(fetch(app.url + path))).toEqual([200, 'hello'])
})

test('before its bytes came, a declared file is not available, and asking for it uses nothing up (Plik §2.2)', async () => {
  const { upload, id, path } = await declare(app, 'a.txt', { oneShot: true })

  expect(await answerOf(fetch(app.url + path))).toEqual([404, `file a.txt (${id}) is not available : missing\n`])
  expect((await post(app, path, upload)).status).toBe(200)
  expect(await answerOf(fetch(app.url + path))).toEqual([200, 'hello'])
})

test.each([
  ['kept', {}],
  ['one-shot', { oneShot: true }],
])('a %s file is asked for before, during and after its upload (TestDownloadDuringUpload)', async (_, options) => {
  const { upload, id, path } = await declare(app, 'a.txt', options)
  const download = () => answerOf(fetch(app.url + path))
  const unavailable = (status: string) => [404, `file a.txt (${id}) is not available : ${status}\n`]
  const body = form(filePart('a.txt', 'hello'))
  const sender = await openConnection(app)

  const before = await download()
  sender.send(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-UploadToken: ${upload.uploadToken}\r\n` +
      `Content-Type: ${FORM_TYPE}\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, -12)}`,
  )
  await expect.poll(download).toEqual(unavailable('uploading'))
  sender.send(body.slice(-12))
  const { status } = await sender.answer()

  expect([before, status, await download()]).toEqual([unavailable('missing'), 200, [200, 'hello']])
})

test('a removed slot can not be filled (Plik §3.2)', async () => {
  const { upload, path } = await declare(app)
  await fetch(app.url + path, { method: 'DELETE', headers: { 'X-UploadToken': upload.uploadToken } })

  expect(await answerOf(post(app, path, upload))).toEqual([400, 'invalid file status deleted, expected missing\n'])
})

test('the name in the URL and the name in the form must be the declared one (Plik §1.1, §1.6)', async () => {
  const { upload, id, path } = await declare(app)
  const wrong: [number, string] = [400, 'invalid file name\n']

  expect(await answerOf(post(app, `/file/${upload.id}/${id}/b.txt`, upload))).toEqual(wrong)
  expect(await answerOf(post(app, `/file/${upload.id}/${id}/`, upload))).toEqual(wrong)
  expect(await answerOf(post(app, path, upload, 'hello', 'b.txt'))).toEqual(wrong)
  expect((await post(app, path, upload)).status).toBe(200)
})

test('a form without a file leaves the slot as it was', async () => {
  const { upload, path } = await declare(app)
  const headers = { 'X-UploadToken': upload.uploadToken, 'Content-Type': FORM_TYPE }

  const answer = await answerOf(fetch(app.url + path, { method: 'POST', headers, body: form(part('name="x"', 'y')) }))

  expect(answer).toEqual([400, 'missing file from multipart form\n'])
  expect((await post(app, path, upload)).status).toBe(200)
})

test('unknown files, and files of another upload, are not found (500 in Plik, §8.16; P14)', async () => {
  const mine = await declare(app)
  const other = await declare(app)
  const foreign = `/file/${mine.upload.id}/${other.id}/a.txt`
  const unknown = `/file/${mine.upload.id}/unknown/a.txt`

  expect(await answerOf(post(app, foreign, mine.upload))).toEqual([404, `file ${other.id} not found\n`])
  expect(await answerOf(fetch(app.url + foreign))).toEqual([404, `file ${other.id} not found\n`])
  expect(await answerOf(fetch(app.url + foreign, { method: 'DELETE' }))).toEqual([404, `file ${other.id} not found\n`])
  expect(await answerOf(post(app, unknown, mine.upload))).toEqual([404, 'file unknown not found\n'])
  expect((await post(app, other.path, other.upload)).status).toBe(200)
})

test('without the upload token a slot can’t be filled, not even a removable one (Plik §2.2, P2)', async () => {
  const { upload, path } = await declare(app, 'a.txt', { removable: true })

  const answer = await answerOf(post(app, path, { ...upload, uploadToken: '' }))

  expect(answer).toEqual([403, 'you are not allowed to add file to this upload\n'])
})

const ESCAPED = [
  ['what? #1.txt', 'what'],
  ['what? #1.txt', 'what%3F%20%231.txt'],
  ['a%41.txt', 'a%41.txt'],
  ['a%41.txt', 'a%2541.txt'],
  ['100%.txt', '100%25.txt'],
  ['a"b.txt', 'a%2522b.txt'],
  ['a b+c.txt', 'a%20b+c.txt'],
  ['中文.txt', '%E4%B8%AD%E6%96%87.txt'],
] as const

test('a client that escapes badly is understood, on the way in and out (Plik §6.1, §8.9)', async () => {
  const sendAndRead = async ([name, escaped]: readonly [string, string]) => {
    const { upload, id } = await declare(app, name)
    const body = form(part(`name="file"; filename="${name.replaceAll('"', '\\"')}"`, 'hello'))
    const path = `/file/${upload.id}/${id}/${escaped}`
    const head = ['Host: h', `X-UploadToken: ${upload.uploadToken}`, `Content-Type: ${FORM_TYPE}`]
    const length = `Content-Length: ${Buffer.byteLength(body)}`
    const filled = await sendRaw(app, [`POST ${path} HTTP/1.1`, ...head, length], body)
    const read = await sendRaw(app, [`GET ${path} HTTP/1.1`, 'Host: h'])
    return [name, escaped, filled.status, read.status, read.body]
  }

  const answers = await Promise.all(ESCAPED.map(sendAndRead))

  expect(answers).toEqual(ESCAPED.map((row) => [...row, 200, 200, 'hello']))
})

test('/stream is the same door as /file for an upload that does not stream (Plik §1.2)', async () => {
  const { upload, id } = await declare(app)

  expect((await post(app, `/stream/${upload.id}/${id}/a.txt`, upload)).status).toBe(200)
  expect(await answerOf(fetch(`${app.url}/stream/${upload.id}/${id}/a.txt`))).toEqual([200, 'hello'])
})
