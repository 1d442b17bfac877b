import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { addFile, type CreatedUpload, createUpload } from '../../helpers/client.ts'
import { FORM_TYPE, filePart, form, part } from '../../helpers/form.ts'
import { sharedApp, type TestApp } from '../../helpers/make-app.ts'
import { rawClient } from '../../helpers/raw-client.ts'
import { sendRaw } from '../../helpers/raw-http.ts'

const app = sharedApp()

/** `POST /file/:upload`: how a form is read (Plik §1.6). */

const post = (app: TestApp, upload: CreatedUpload, body: string | Buffer<ArrayBuffer>, type: string = FORM_TYPE) =>
  fetch(`${app.url}/file/${upload.id}`, {
    method: 'POST',
    body,
    headers: { 'X-UploadToken': upload.uploadToken, 'Content-Type': type },
  })

test('the answer holds what the server measured: size, MD5 and type of the bytes (Plik §1.6)', async () => {
  const upload = await createUpload(app)

  const file = await jsonOf(post(app, upload, form(filePart('hello.txt', 'hello world\n'))))

  expect(Object.entries(file)).toEqual([
    ['id', expect.stringMatching(/^[A-Za-z0-9]{16}$/)],
    ['fileName', 'hello.txt'],
    ['status', 'uploaded'],
    ['fileMd5', '6f5902ac237024bdd0c176cb93063dc4'],
    ['fileType', 'text/plain; charset=utf-8'],
    ['fileSize', 12],
    ['reference', ''],
    ['createdAt', expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)],
    ['downloadCount', 0], // Plik 1.4
  ])
  expect(await jsonOf(fetch(`${app.url}/upload/${upload.id}`))).toMatchObject({ files: [file] })
})

test('the type comes from the bytes, whatever the part declares (Plik §1.6)', async () => {
  const upload = await createUpload(app)
  const typeOf = async (content: string, declared: string) =>
    (await jsonOf(post(app, upload, form(filePart('a', content, `Content-Type: ${declared}`))))).fileType

  expect(await typeOf('<html><p>hi', 'image/png')).toBe('text/html; charset=utf-8')
  expect(await typeOf('%PDF-1.7', 'text/plain')).toBe('application/pdf')
  expect(await typeOf('\x01\x02', 'text/html')).toBe('application/octet-stream')
  expect(await typeOf('{"a":1}', 'application/json')).toBe('text/plain; charset=utf-8')
})

test('an empty file is a file: 0 bytes, no type (Plik §1.6)', async () => {
  const upload = await createUpload(app)

  const file = await jsonOf(post(app, upload, form(filePart('empty', ''))))

  expect(file).toMatchObject({
    status: 'uploaded',
    fileSize: 0,
    fileType: '',
    fileMd5: 'd41d8cd98f00b204e9800998ecf8427e',
  })
})

test('parts before the file are skipped, of several files the first one counts (Plik §1.6)', async () => {
  const upload = await createUpload(app)
  const body = form(
    part('name="comment"', 'before'),
    part('name="other"; filename="other.txt"', 'not this one'),
    part('name="File"; filename="case.txt"', 'names of parts are exact'),
    filePart('first.txt', 'first'),
    filePart('second.txt', 'second'),
    part('name="file"', 'no file name'),
  )

  const file = await jsonOf(post(app, upload, body))

  expect(file).toMatchObject({ fileName: 'first.txt', fileSize: 5 })
  expect((await jsonOf<CreatedUpload>(fetch(`${app.url}/upload/${upload.id}`))).files).toHaveLength(1)
})

test('base64 in a part is not decoded (Plik §1.6)', async () => {
  const upload = await createUpload(app)

  const file = await jsonOf(post(app, upload, form(filePart('a', 'aGk=', 'Content-Transfer-Encoding: base64'))))

  expect(file).toMatchObject({ fileSize: 4 })
})

test.for([
  'multipart/form-data; boundary="b"',
  'Multipart/Form-Data; Boundary=b',
  'multipart/form-data;boundary=b;charset=utf-8',
  'multipart/mixed; boundary=b',
])('the content type %s is understood (Plik §1.6)', async (type) => {
  const upload = await createUpload(app)

  expect(await jsonOf(post(app, upload, form(filePart('a', 'hi')), type))).toMatchObject({ fileSize: 2 })
})

const NOT_A_FORM = "invalid multipart form : request Content-Type isn't multipart/form-data"

const BAD_FORMS = [
  [NOT_A_FORM, 'application/json', '{}'],
  [NOT_A_FORM, 'nonsense', form(filePart('a', 'hi'))],
  [NOT_A_FORM, 'multipart/form-dataX; boundary=b', form(filePart('a', 'hi'))],
  ['invalid multipart form : no multipart boundary param in Content-Type', 'multipart/form-data', form()],
  ['invalid multipart form : no multipart boundary param in Content-Type', 'multipart/form-data; boundary=', form()],
  ['invalid multipart form : multipart: NextPart: EOF', FORM_TYPE, ''],
  ['invalid multipart form : multipart: NextPart: EOF', FORM_TYPE, form()],
  ['missing file from multipart form', FORM_TYPE, form(part('name="x"', 'y'))],
  ['missing file from multipart form', FORM_TYPE, form(part('name="x"; filename="a"', 'y'))],
  ['missing file name from multipart form', FORM_TYPE, form(part('name="file"', 'hi'))],
  ['missing file name from multipart form', FORM_TYPE, form(filePart('', 'hi'))],
  [
    'missing file name from multipart form',
    FORM_TYPE,
    form(part('name="file"', 'hi', 'Content-Type: application/octet-stream')),
  ],
  ['unable to create file : missing file name', FORM_TYPE, form(filePart('..', 'hi'))],
  ['unable to create file : missing file name', FORM_TYPE, form(filePart('/', 'hi'))],
  [
    'unable to create file : file name aaaaaaaaaaaaaaaaaaaa... is too long, maximum length is 1024 characters',
    FORM_TYPE,
    form(filePart('a'.repeat(1025), 'hi')),
  ],
] as const

test('a form that is none, or lacks the file, is refused with its reason and leaves nothing (Plik §2.3)', async () => {
  const upload = await createUpload(app)

  const answers = await Promise.all(BAD_FORMS.map(([, type, body]) => answerOf(post(app, upload, body, type))))

  expect(answers).toEqual(BAD_FORMS.map(([message]) => [400, `${message}\n`]))
  expect(await jsonOf(fetch(`${app.url}/upload/${upload.id}`))).toMatchObject({ files: [] })
})

test('a request without content type and body is told what is missing', async () => {
  const { id, uploadToken } = await createUpload(app)

  const { status, body } = await sendRaw(app, [`POST /file/${id} HTTP/1.1`, 'Host: h', `X-UploadToken: ${uploadToken}`])

  expect([status, body]).toEqual([400, `${NOT_A_FORM}\n`])
})

test('a form field with a name that JavaScript knows does no harm', async () => {
  const upload = await createUpload(app)

  const body = form(part('name="__proto__"', 'x'), part('name="constructor"; filename="x"', 'x'), filePart('a', 'hi'))
  const [status] = await answerOf(post(app, upload, body))

  expect([200, 400]).toContain(status)
  expect(await jsonOf(addFile(app, upload, 'fine'))).toMatchObject({ fileSize: 4 })
})

test('a client without the upload token is refused while it still sends (Plik §2.2, §8.15)', async () => {
  const upload = await createUpload(app)
  const refused: [number, string] = [403, 'you are not allowed to add file to this upload\n']
  const large = 'x'.repeat(20_000_000)

  expect(await answerOf(addFile(app, { ...upload, uploadToken: '' }, 'hi'))).toEqual(refused)
  expect(await answerOf(addFile(app, { ...upload, uploadToken: 'x'.repeat(32) }, large))).toEqual(refused)
  expect(await answerOf(addFile(app, { ...upload, id: 'unknown' }, 'hi'))).toEqual([404, 'upload unknown not found\n'])
})

test('the rights are looked at before the form is (Plik §1.6)', async () => {
  const upload = await createUpload(app)

  const [status] = await answerOf(post(app, { ...upload, uploadToken: 'wrong' }, '{}', 'application/json'))

  expect(status).toBe(403)
})

test('a file in chunks without a length arrives whole, as the command line sends it (Plik §0)', async () => {
  const { id, uploadToken } = await createUpload(app)
  const body = form(filePart('a', 'hello'))
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  const head = [`POST /file/${id} HTTP/1.1`, 'Host: h', `X-UploadToken: ${uploadToken}`, `Content-Type: ${FORM_TYPE}`]

  const client = await rawClient(app.url)
  await client.send(`${[...head, 'Transfer-Encoding: chunked', 'Expect: 100-continue'].join('\r\n')}\r\n\r\n`)
  expect(await client.informed()).toBe(100)
  await client.send(chunked)

  const answer = await client.answer()
  expect(answer.status).toBe(200)
  expect(answer.body).toContain('"fileSize":5')
})

test('what follows the final boundary is ignored (RFC 2046 §5.1.1)', async () => {
  const upload = await createUpload(app)

  const file = await jsonOf(post(app, upload, `preamble\r\n${form(filePart('a', 'hi'))}epilogue`))

  expect(file).toMatchObject({ fileSize: 2 })
})
