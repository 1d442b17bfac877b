import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { type CreatedUpload, createUpload, fileForm } from '../../helpers/client.ts'
import { FORM_TYPE, filePart, form } from '../../helpers/form.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { openConnection, sendRaw } from '../../helpers/raw-http.ts'
import { storedFiles } from '../../helpers/stored-files.ts'
import { waitFor } from '../../helpers/wait.ts'

/** Uploads that end before they should: nothing of them stays, and a declared file can be sent again, which Plik refuses (§3.2, P7, P23). */

const TRUNCATED = [
  ['within the file', '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello'],
  [
    'before the final boundary',
    '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n',
  ],
  [
    'within the final boundary',
    '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--b',
  ],
  [
    'within the next part',
    form(filePart('a.txt', 'hello')).replace(/--\r\n$/, '\r\nContent-Disposition: form-data; name="x"\r\n\r\nno end'),
  ],
] as const

/** Enough to reach the disk before the end of the file is there. */
const LARGE = 'x'.repeat(8_000_000)

/** Bytes of files and of files to be, below the data folder. */
const namesOfStored = ({ dataDir }: TestApp): string[] => storedFiles(dataDir).map((path) => basename(path))

const declare = async (app: TestApp) => {
  const upload = await createUpload(app, { files: [{ fileName: 'a.txt' }] })
  return { upload, path: `/file/${upload.id}/${upload.files?.[0]?.id}/a.txt` }
}

const statuses = async (app: TestApp, { id }: CreatedUpload) =>
  (await jsonOf<CreatedUpload>(fetch(`${app.url}/upload/${id}`))).files?.map(({ status }) => status)

test.for(TRUNCATED)(
  'a form that ends %s is refused, though its Content-Length is right (Plik §8.17)',
  async ([, body]) => {
    const app = await makeApp()
    const { upload, path } = await declare(app)
    const headers = { 'X-UploadToken': upload.uploadToken, 'Content-Type': FORM_TYPE }

    const [status, text] = await answerOf(fetch(app.url + path, { method: 'POST', headers, body }))

    expect(status).toBe(400)
    expect(text).toBe('invalid multipart form : it ends before its final boundary\n')
    expect(await statuses(app, upload)).toEqual(['missing'])
    expect(namesOfStored(app)).toEqual([])
  },
)

test('a form without a final boundary adds no file either, and nothing to a quick upload', async () => {
  const app = await makeApp()
  const upload = await createUpload(app)
  const headers = { 'X-UploadToken': upload.uploadToken, 'Content-Type': FORM_TYPE }
  const post = (path: string, body: string) => answerOf(fetch(app.url + path, { method: 'POST', headers, body }))

  const added = await Promise.all(TRUNCATED.map(([, body]) => post(`/file/${upload.id}`, body)))
  const quick = await Promise.all(TRUNCATED.map(([, body]) => post('/', body)))

  expect([...added, ...quick].map(([status]) => status)).toEqual([400, 400, 400, 400, 400, 400, 400, 400])
  expect(await statuses(app, upload)).toEqual([])
  expect(namesOfStored(app)).toEqual([])
})

test('a declared file whose upload failed can be sent again, to the same slot (unlike Plik §3.2)', async () => {
  const app = await makeApp()
  const { upload, path } = await declare(app)
  const headers = { 'X-UploadToken': upload.uploadToken, 'Content-Type': FORM_TYPE }
  await fetch(app.url + path, { method: 'POST', headers, body: TRUNCATED[0][1] })

  const again = await fetch(app.url + path, { method: 'POST', headers, body: form(filePart('a.txt', 'hi')) })

  expect(again.status).toBe(200)
  expect(await answerOf(fetch(app.url + path))).toEqual([200, 'hi'])
})

test('a connection that is cut within a file leaves no bytes, and a file that is missing again (P23)', async () => {
  const app = await makeApp()
  const { upload, path } = await declare(app)
  const connection = await openConnection(app)
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: h',
    `X-UploadToken: ${upload.uploadToken}`,
    `Content-Type: ${FORM_TYPE}`,
  ]
  connection.send(`${[...head, 'Content-Length: 20000000'].join('\r\n')}\r\n\r\n${TRUNCATED[0][1]}${LARGE}`)
  await waitFor(async () => expect(namesOfStored(app)).toHaveLength(1))
  expect(await statuses(app, upload)).toEqual(['uploading'])

  connection.cut()

  await waitFor(async () => expect(await statuses(app, upload)).toEqual(['missing']))
  await waitFor(async () => expect(namesOfStored(app)).toEqual([]))
})

test('a connection that is cut within PUT leaves nothing at all', async () => {
  const app = await makeApp()
  const connection = await openConnection(app)
  connection.send(`PUT /a.txt HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n${LARGE}`)
  await waitFor(async () => expect(namesOfStored(app)).toHaveLength(1))

  connection.cut()

  await waitFor(async () => expect(namesOfStored(app)).toEqual([]))
})

test('a connection that is cut within the second file of a quick upload leaves no bytes', async () => {
  const app = await makeApp()
  const connection = await openConnection(app)
  const start = form(filePart('a.txt', 'first'), filePart('b.txt', LARGE)).slice(0, -10)
  connection.send(
    `POST / HTTP/1.1\r\nHost: h\r\nContent-Type: ${FORM_TYPE}\r\nContent-Length: 20000000\r\n\r\n${start}`,
  )
  await waitFor(async () => expect(namesOfStored(app)).toHaveLength(2))

  connection.cut()

  await waitFor(async () => expect(namesOfStored(app)).toEqual([]))
})

const chunkedStart = (path: string, { uploadToken }: CreatedUpload) => {
  const head = [`POST ${path} HTTP/1.1`, 'Host: h', `X-UploadToken: ${uploadToken}`, `Content-Type: ${FORM_TYPE}`]
  return `${[...head, 'Transfer-Encoding: chunked'].join('\r\n')}\r\n\r\nfffff\r\n${form(filePart('a.txt', 'hello'))}`
}

test('a chunked body that ends in the middle of a chunk is not taken for a file', async () => {
  const app = await makeApp()
  const { upload, path } = await declare(app)
  const connection = await openConnection(app)
  connection.send(chunkedStart(path, upload))
  await waitFor(async () => expect(await statuses(app, upload)).toEqual(['uploading']))

  connection.end()
  await connection.answer()

  await waitFor(async () => expect(await statuses(app, upload)).toEqual(['missing']))
  expect(namesOfStored(app)).toEqual([])
})

test('senders that disconnect before their forms are read block nothing', async () => {
  const app = await makeApp()
  const { upload, path } = await declare(app)
  const connections = await Promise.all(Array.from({ length: 10 }, () => openConnection(app)))

  for (const connection of connections) connection.send(chunkedStart(path, upload))
  for (const connection of connections) connection.cut()

  await waitFor(async () => expect(await statuses(app, upload)).not.toEqual(['uploading']))
  expect(namesOfStored(app)).toEqual([])
  await app.close() // waits for every request that is still being served
})

test('a file that is too big is refused while the rest of it still comes, and leaves nothing (Plik §3.6)', async () => {
  const app = await makeApp({ MAX_FILE_SIZE: '10B' })
  const { upload, path } = await declare(app)
  const headers = { 'X-UploadToken': upload.uploadToken }

  const body = fileForm('x'.repeat(20_000_000), 'a.txt')
  const answer = await answerOf(fetch(app.url + path, { method: 'POST', headers, body }))

  expect(answer).toEqual([400, 'file too big (limit is set to 10 B)\n'])
  expect(await statuses(app, upload)).toEqual(['missing'])
  expect(namesOfStored(app)).toEqual([])
})

test('a refused request in the middle of a connection does not spoil the next one on it', async () => {
  const app = await makeApp()
  const upload = await createUpload(app)
  const body = form(filePart('a', 'hi'))
  const refused = `POST /file/${upload.id} HTTP/1.1\r\nHost: h\r\nContent-Type: ${FORM_TYPE}\r\nContent-Length: ${body.length}\r\n\r\n${body}`

  const { status, body: rest } = await sendRaw(app, [`${refused}GET /health HTTP/1.1`, 'Host: h'])

  expect(status).toBe(403)
  expect(rest).toContain('HTTP/1.1 200 OK')
})
