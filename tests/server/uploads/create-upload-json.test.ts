import { expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { makeApp, sharedApp, type TestApp } from '../../helpers/make-app.ts'
import { sendRaw } from '../../helpers/raw-http.ts'

const app = sharedApp()

/** How the body of `POST /upload` is read (Plik §0). Each row of a table is a whole request. */

const post = (app: TestApp, body: string | Buffer<ArrayBuffer>, contentType = 'application/json') =>
  fetch(`${app.url}/upload`, { method: 'POST', body, headers: { 'Content-Type': contentType } })

const MIB = 1024 * 1024

test('keys match in any case (Plik §0)', async () => {
  const upload = await jsonOf(
    post(app, '{"OneShot":true,"REMOVABLE":true,"tTL":60,"Comments":"hi","FILES":[{"FILENAME":"a","Reference":"0"}]}'),
  )

  expect(upload).toMatchObject({ oneShot: true, removable: true, ttl: 60, comments: 'hi' })
  expect(upload.files).toMatchObject([{ fileName: 'a', reference: '0' }])
})

test('of several spellings of a key the last one counts (Plik §0)', async () => {
  expect(await jsonOf(post(app, '{"ttl":60,"TTL":61,"Ttl":62}'))).toMatchObject({ ttl: 62 })
})

test('underscores belong to a key: extendTTL is not extend_ttl (Plik §0)', async () => {
  const app = await makeApp({ FEATURE_EXTEND_TTL: 'enabled' })

  expect(await jsonOf(post(app, '{"extendTTL":true}'))).toMatchObject({ extend_ttl: false })
  expect(await jsonOf(post(app, '{"Extend_TTL":true}'))).toMatchObject({ extend_ttl: true })
})

test('nothing, null, {} and white space ask for an upload with the defaults (Plik §0)', async () => {
  const app = await makeApp()

  const uploads = await Promise.all(['', 'null', '{}', ' \t\r\n', ' {} \n'].map((body) => jsonOf(post(app, body))))

  expect(uploads.map(({ ttl, oneShot, files }) => [ttl, oneShot, files])).toEqual(
    Array(5).fill([2_592_000, false, null]),
  )
})

test('null leaves the default of every field (Plik §0)', async () => {
  const nulls =
    '{"oneShot":null,"removable":null,"stream":null,"extend_ttl":null,"ttl":null,"maxDownloads":null,"comments":null,' +
    '"login":null,"password":null,"files":[{"fileName":"a","fileSize":null,"fileType":null,"reference":null}]}'

  const upload = await jsonOf(post(app, nulls))

  expect(upload).toMatchObject({ oneShot: false, ttl: 2_592_000, comments: '', protectedByPassword: false })
  expect(upload.files).toMatchObject([{ fileName: 'a', fileSize: 0, fileType: '', reference: '' }])
  expect(await jsonOf(post(app, '{"files":null}'))).toMatchObject({ files: null })
})

test('unknown keys are ignored, also those that JavaScript knows', async () => {
  const upload = await jsonOf(post(app, '{"ttl":60,"x":{"y":[1]},"__proto__":{"oneShot":true},"constructor":1}'))

  expect(upload).toMatchObject({ ttl: 60, oneShot: false })
})

const MISREAD = [
  ['a number in quotes', '{"ttl":"12"}'],
  ['a number for a flag', '{"oneShot":1}'],
  ['a flag in quotes', '{"removable":"true"}'],
  ['a fraction', '{"ttl":60.5}'],
  ['a whole number written as a fraction', '{"ttl":60.0}'],
  ['a whole number with an exponent', '{"ttl":6e1}'],
  ['a size with an exponent', '{"files":[{"fileName":"a","fileSize":1E3}]}'],
  ['a number beyond 2^53', '{"ttl":9007199254740993}'],
  ['a number for a text', '{"comments":5}'],
  ['an object for a text', '{"password":{}}'],
  ['a flag for the files', '{"files":true}'],
  ['a text among the files', '{"files":["a"]}'],
  ['null among the files (500 in Plik, §8.16)', '{"files":[null]}'],
  ['a number for a file name', '{"files":[{"fileName":5}]}'],
  ['an array at the top', '[]'],
  ['a text at the top', '"x"'],
  ['a flag at the top', 'false'],
  ['a number at the top', '0'],
  ['data behind the object', '{} x'],
  ['two objects', '{}{}'],
  ['a byte order mark', '\uFEFF{}'],
  ['a byte order mark alone', '\uFEFF'],
  ['half an object', '{"ttl":'],
  ['a form', 'ttl=60'],
] as const

test('values are strict: whatever is not exactly what was expected is refused (Plik §0)', async () => {
  const answers = await Promise.all(
    MISREAD.map(async ([what, body]) => [what, ...(await answerOf(post(app, body)))] as const),
  )

  const refused = expect.stringMatching(/^unable to deserialize request body : .+\n$/)
  expect(answers).toEqual(MISREAD.map(([what]) => [what, 400, refused]))
})

test('of files that can not be read it is said what is wrong with which, in a list or by key', async () => {
  const saying = async (files: unknown) => (await answerOf(post(app, JSON.stringify({ files }))))[1]

  const prefix = 'unable to deserialize request body : '
  expect(await saying([{}, { fileName: 5 }])).toBe(
    `${prefix}files.1.filename: Invalid input: expected string, received number\n`,
  )
  expect(await saying({ '0': { fileName: 5 } })).toBe(
    `${prefix}files.0.filename: Invalid input: expected string, received number\n`,
  )
  expect(await saying('a.txt')).toBe(`${prefix}files: Invalid input: expected array, received string\n`)
})

test('an upload is the same whatever the Content-Type says (Plik §0)', async () => {
  const app = await makeApp()
  const types = [
    'application/json',
    'application/x-www-form-urlencoded',
    'text/xml; charset=x',
    'multipart/form-data; boundary=b',
    'nonsense',
    '/',
    ';',
  ]

  const uploads = await Promise.all(types.map((type) => jsonOf(post(app, '{"ttl":60}', type))))

  expect(uploads.map(({ ttl }) => ttl)).toEqual([60, 60, 60, 60, 60, 60, 60])
})

test('a body without a Content-Type is read, as ShareX sends it (Plik §6.5)', async () => {
  const { status, body } = await sendRaw(app, ['POST /upload HTTP/1.1', 'Host: h', 'Content-Length: 10'], '{"ttl":60}')

  expect(status).toBe(200)
  expect(JSON.parse(body)).toMatchObject({ ttl: 60 })
})

test('an empty body is fine with a JSON content type, and without a length (Plik §6.7)', async () => {
  const head = ['POST /upload HTTP/1.1', 'Host: h', 'Content-Type: application/json']

  expect(await sendRaw(app, head)).toMatchObject({ status: 200 })
  expect(await sendRaw(app, [...head, 'Content-Length: 0'])).toMatchObject({ status: 200 })
  expect(await sendRaw(app, [...head, 'Transfer-Encoding: chunked'], '0\r\n\r\n')).toMatchObject({ status: 200 })
})

test('a gzipped body is not decoded (Plik §0)', async () => {
  const { gzipSync } = await import('node:zlib')

  const [status] = await answerOf(post(app, Buffer.from(gzipSync('{}'))))

  expect(status).toBe(400)
})

test('a body of 1 MiB is read, one byte more is refused (Plik §0)', async () => {
  const tooLarge: [number, string] = [400, 'unable to read request body : http: request body too large\n']

  expect(await answerOf(post(app, '{}'.padEnd(MIB)))).toMatchObject([200, expect.stringContaining('"id"')])
  expect(await answerOf(post(app, '{}'.padEnd(MIB + 1)))).toEqual(tooLarge)
})

test('a body of unknown length is refused when it passes 1 MiB', async () => {
  const chunk = `${(MIB + 1).toString(16)}\r\n${'{}'.padEnd(MIB + 1)}\r\n0\r\n\r\n`

  const head = ['POST /upload HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked']
  const { status, body } = await sendRaw(app, head, chunk)

  expect([status, body]).toEqual([400, 'unable to read request body : http: request body too large\n'])
})

test('at most ten problems are named', async () => {
  const [status, text] = await answerOf(post(app, JSON.stringify({ files: Array(500).fill({ fileName: 1 }) })))

  expect(status).toBe(400)
  expect(text.split('; ').length).toBeLessThanOrEqual(10)
  expect(text.length).toBeLessThan(2_500)
})

test.each([',', '[', '{'])('a body of more than 40000 “%s” is refused before it is parsed', async (sign) => {
  const app = await makeApp()
  const body = (count: number) => `{"comments":"${sign.repeat(count)}"`.padEnd(MIB) // breaks off

  expect(await answerOf(post(app, body(41_000)))).toEqual([
    400,
    'unable to deserialize request body : too many values\n',
  ])
  expect(await answerOf(post(app, body(39_000)))).toEqual([400, expect.stringContaining('JSON')])
})

test('where no list of files is expected a body of 16 KiB is read, one byte more is refused', async () => {
  const app = await makeApp({ FEATURE_AUTHENTICATION: 'enabled' })
  const ask = (size: number) =>
    answerOf(fetch(`${app.url}/auth/cli/init`, { method: 'POST', body: '{"hostname":"h"}'.padEnd(size) }))

  expect(await ask(16_384)).toEqual([200, expect.stringContaining('"code"')])
  expect(await ask(16_385)).toEqual([400, 'unable to read request body : http: request body too large\n'])
})

test('a body is looked at only once its upload was found', async () => {
  const ask = (method: string, path: string) =>
    answerOf(fetch(`${app.url}${path}`, { method, body: '{"files":[1,1'.padEnd(2 * MIB) }))

  expect([
    await ask('POST', '/archive/AAAAAAAAAAAAAAAA'),
    await ask('PATCH', '/upload/AAAAAAAAAAAAAAAA'),
    await ask('POST', '/upload/AAAAAAAAAAAAAAAA/requests'),
  ]).toEqual(Array(3).fill([404, 'upload AAAAAAAAAAAAAAAA not found\n']))
})
