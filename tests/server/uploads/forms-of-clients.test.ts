import { describe, expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { createUpload } from '../../helpers/client.ts'
import { FORM_TYPE, filePart, form, part } from '../../helpers/form.ts'
import { sharedApp } from '../../helpers/make-app.ts'

/** Forms as HTTP libraries and people write them (RFC 7578, RFC 2046, Plik §1.6). */

const READABLE: [who: string, contentType: string, body: string][] = [
  [
    '.NET: nothing quoted, both names',
    FORM_TYPE,
    form(part("name=file; filename=a.txt; filename*=utf-8''a.txt", 'hi')),
  ],
  [
    'PowerShell: quoted, both names',
    FORM_TYPE,
    form(part(`name="file"; filename="a.txt"; filename*="utf-8''a.txt"`, 'hi')),
  ],
  ['OkHttp: multipart/mixed', 'multipart/mixed; boundary=b', form(filePart('a.txt', 'hi'))],
  [
    'letters in any case',
    'MultiPart/Form-Data; BOUNDARY=b',
    form(filePart('a.txt', 'hi')).replace('form-data; name', 'Form-Data; NAME'),
  ],
  [
    'the longest boundary that is taken',
    `multipart/form-data; boundary=${'b'.repeat(200)}`,
    form(filePart('a.txt', 'hi')).replaceAll('--b', `--${'b'.repeat(200)}`),
  ],
  [
    'a quoted boundary and a charset',
    'multipart/form-data; charset=utf-8; boundary="b"',
    form(filePart('a.txt', 'hi')),
  ],
  ['a preamble and an epilogue', FORM_TYPE, `This is a form.\r\n${form(filePart('a.txt', 'hi'))}The end.\r\n`],
  ['a part without a name', FORM_TYPE, form(part('filename="x.txt"', 'no'), filePart('a.txt', 'hi'))],
  [
    'a part with nothing but a type',
    FORM_TYPE,
    form(['Content-Type: text/plain', '', 'no'].join('\r\n'), filePart('a.txt', 'hi')),
  ],
  [
    'a part that is an attachment',
    FORM_TYPE,
    form(
      ['Content-Disposition: attachment; name="file"; filename="x"', '', 'no'].join('\r\n'),
      filePart('a.txt', 'hi'),
    ),
  ],
  ['a field with the name of a prototype', FORM_TYPE, form(part('name="__proto__"', 'no'), filePart('a.txt', 'hi'))],
  [
    'a folded header',
    FORM_TYPE,
    form(['Content-Disposition: form-data; name="file";', ' filename="a.txt"', '', 'hi'].join('\r\n')),
  ],
]

const REFUSED: [what: string, contentType: string, body: string, message: string][] = [
  [
    'lines that end with LF',
    FORM_TYPE,
    form(filePart('a.txt', 'hi')).replaceAll('\r\n', '\n'),
    'its lines end with LF instead of CRLF',
  ],
  [
    'spaces behind a boundary',
    FORM_TYPE,
    form(filePart('a.txt', 'hi')).replace('--b\r\n', '--b \r\n'),
    'a part without headers',
  ],
  ['a boundary without end', `multipart/form-data; boundary=${'b'.repeat(201)}`, form(), 'the boundary is too long'],
  [
    'another kind of multipart',
    'multipart/related; boundary=b',
    form(filePart('a.txt', 'hi')),
    "request Content-Type isn't multipart/form-data",
  ],
]

const app = sharedApp()

const post = (path: string, contentType: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  fetch(app.url + path, { method: 'POST', headers: { ...headers, 'Content-Type': contentType }, body })

describe('a form is read', () => {
  test.each(READABLE)('from %s', async (_who, contentType, body) => {
    const { id, uploadToken } = await createUpload(app)
    const file = await jsonOf(post(`/file/${id}`, contentType, body, { 'X-UploadToken': uploadToken }))
    const quick = await jsonOf(post('/', contentType, body, { Accept: 'application/json' }))

    expect(file).toMatchObject({ fileName: 'a.txt', fileSize: 2 })
    expect(quick.files).toMatchObject([{ fileName: 'a.txt', fileSize: 2 }])
  })

  test('up to 200 parts, and not one more', async () => {
    const { id, uploadToken } = await createUpload(app)
    const send = (others: number) => {
      const body = form(...Array.from({ length: others }, () => part('name="x"', '')), filePart('a.txt', 'hi'))
      return answerOf(post(`/file/${id}`, FORM_TYPE, body, { 'X-UploadToken': uploadToken }))
    }

    expect((await send(199))[0]).toBe(200)
    expect(await send(200)).toEqual([400, expect.stringContaining('more than 200 parts')])
  })

  test('whose file holds the beginning of its boundary, wherever the network cuts it', async () => {
    const content = '\r\n--\r\n--bo\r\n--bou\r\n\r\n--boun--'.repeat(3)
    const body = Buffer.from(
      form(filePart('a.txt', content)).replaceAll('--b\r\n', '--bound\r\n').replace('--b--', '--bound--'),
    )
    for (let at = 1; at < body.length; at += 7) {
      const pieces = new ReadableStream({
        start(controller) {
          controller.enqueue(body.subarray(0, at))
          controller.enqueue(body.subarray(at))
          controller.close()
        },
      })
      const request = {
        method: 'POST',
        headers: { 'Content-Type': 'multipart/form-data; boundary=bound' },
        body: pieces,
        duplex: 'half',
      } as const
      const [, link] = await answerOf(fetch(app.url, request))
      expect(await (await fetch(link.trim())).text(), `cut at ${at}`).toBe(content)
    }
  })
})

/** Sizes around what the streams between the socket and the disk hold at a time, 64 KiB each. */
const SIZES = [63, 64, 65, 96, 127, 128, 129, 192, 256].flatMap((kib) => [-1, 0, 1].map((more) => kib * 1024 + more))

describe('a file of any size is read', () => {
  test.each([
    ['alone', (file: string) => form(file)],
    ['between fields', (file: string) => form(part('name="a"', 'x'), file, part('name="b"', 'y'.repeat(60_000)))],
    ['before another', (file: string) => form(file, filePart('b.txt', 'z'.repeat(70_000)))],
    ['before an epilogue', (file: string) => `${form(file)}${'epilogue'.repeat(20_000)}`],
  ])('%s', { timeout: 20_000 }, async (_where, formWith) => {
    for (const size of SIZES) {
      const content = `${size}:`.padEnd(size, 'x')
      const quick = await jsonOf(
        post('/', FORM_TYPE, formWith(filePart('a.txt', content)), { Accept: 'application/json' }),
      )

      expect(quick.files).toContainEqual(expect.objectContaining({ fileName: 'a.txt', fileSize: size }))
    }
  })
})

describe('a form is refused', () => {
  test.each(REFUSED)('with %s', async (_what, contentType, body, message) => {
    const answer = await answerOf(post('/', contentType, body))

    expect(answer).toEqual([400, `invalid multipart form : ${message}\n`])
  })

  test.each([
    [100, 200],
    [101, 400],
  ])('with more than a hundred fields: %i', async (count, status) => {
    const fields = Array.from({ length: count }, (_, index) => part(`name="x${index}"`, 'y'))
    const [answered, text] = await answerOf(post('/', FORM_TYPE, form(...fields, filePart('a.txt', 'hi'))))

    expect([answered, status === 200 || text]).toEqual([
      status,
      status === 200 || 'the form has more than 100 fields\n',
    ])
  })

  test.each([
    [64 * 1024, 200],
    [64 * 1024 + 1, 400],
  ])('with a field of more than 64 KiB: %i bytes', async (size, status) => {
    const [answered, text] = await answerOf(
      post('/', FORM_TYPE, form(part('name="x"', 'y'.repeat(size)), filePart('a.txt', 'hi'))),
    )

    expect([answered, status === 200 || text]).toEqual([
      status,
      status === 200 || 'the field x is longer than 65536 bytes\n',
    ])
  })
})
