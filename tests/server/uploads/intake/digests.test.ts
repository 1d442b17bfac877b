import { hash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { answerOf } from '../../../helpers/answers.ts'
import { createUpload, givenFile } from '../../../helpers/client.ts'
import { FORM_TYPE, filePart, form } from '../../../helpers/form.ts'
import { makeApp, type TestApp } from '../../../helpers/make-app.ts'
import { createResumable, metadata, offsetOf, patch, post } from '../../resumable/tus-requests.ts'

/** Digests that are checked in uploads, and sent in downloads (RFC 9530). */

const digest = (content: string, algorithm = 'sha-256'): string =>
  `${algorithm}=:${hash(algorithm.replace('-', ''), content, 'base64')}:`

const put = (app: TestApp, headers: Record<string, string>, body = 'hello'): Promise<Response> =>
  fetch(`${app.url}/a.txt`, { method: 'PUT', headers, body })

const stored = ({ dataDir }: TestApp): string[] =>
  readdirSync(join(dataDir, 'files'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\/[0-9a-f]{32}$/.test(path),
  )

describe('a raw body', () => {
  test.each([
    ['Content-Digest', 'sha-256'],
    ['Content-Digest', 'sha-512'],
    ['Repr-Digest', 'sha-256'],
    ['Repr-Digest', 'sha-512'],
  ])('is taken when its %s (%s) fits, and refused without a trace when not', async (header, algorithm) => {
    const app = await makeApp()

    const taken = await put(app, { [header]: digest('hello', algorithm) })
    const refused = await answerOf(put(app, { [header]: digest('hallo', algorithm) }))

    expect(taken.status).toBe(200)
    expect(refused).toEqual([400, `the bytes do not have the digest that ${header} announces\n`])
    expect(stored(app).length).toBe(1)
  })

  test('is held to each digest that is known, and to no other', async () => {
    const app = await makeApp()

    expect((await put(app, { 'Content-Digest': `${digest('hello')}, ${digest('hallo', 'sha-512')}` })).status).toBe(400)
    expect((await put(app, { 'Content-Digest': 'crc32c=:AAAAAA==:' })).status).toBe(200)
  })

  test.each(['sha-256', 'sha-256=abc', 'sha-256=:AAAA:', 'sha-256=:***:', '='])(
    'with an unreadable digest is refused: %s',
    async (value) => {
      const app = await makeApp()

      expect((await answerOf(put(app, { 'Content-Digest': value })))[1]).toContain('invalid Content-Digest')
    },
  )

  test('that can be resumed is refused, too, and nothing is kept', async () => {
    const app = await makeApp()
    const headers = { 'Upload-Complete': '?1' }

    expect((await put(app, { ...headers, 'Content-Digest': digest('hallo') })).status).toBe(400)
    expect((await put(app, { ...headers, 'Repr-Digest': digest('hallo') })).status).toBe(400)
    expect((await put(app, { ...headers, 'Repr-Digest': digest('hello') })).status).toBe(200)

    expect(stored(app).length).toBe(1)
  })
})

describe('a form', () => {
  const body = form(filePart('a.txt', 'hello'))
  const send = (app: TestApp, path: string, announced: string, headers = {}) =>
    fetch(app.url + path, {
      method: 'POST',
      headers: { 'Content-Type': FORM_TYPE, 'Content-Digest': digest(announced), ...headers },
      body,
    })

  test('is taken when its digest fits, and refused without a trace when not', async () => {
    const app = await makeApp()

    expect((await send(app, '/', body)).status).toBe(200)
    expect((await send(app, '/', `${body} `)).status).toBe(400)

    expect(stored(app).length).toBe(1)
  })

  test('for an upload is held to its digest, too', async () => {
    const app = await makeApp()
    const upload = await createUpload(app)
    const token = { 'X-UploadToken': upload.uploadToken }

    expect((await send(app, `/file/${upload.id}`, `${body} `, token)).status).toBe(400)
    expect((await send(app, `/file/${upload.id}`, body, token)).status).toBe(200)

    expect(stored(app).length).toBe(1)
  })
})

describe('a file in pieces', () => {
  test('is held to the digest of each piece', async () => {
    const app = await makeApp()
    const { url } = await createResumable(app, 11)

    expect((await patch(url, 0, 'hello ', { 'Content-Digest': digest('hallo ') })).status).toBe(400)
    expect(await offsetOf(url)).toBe(0)
    expect((await patch(url, 0, 'hello ', { 'Content-Digest': digest('hello ') })).status).toBe(204)
  })

  test('is held to the digest of the whole that was announced first', async () => {
    const app = await makeApp()
    const create = (content: string) =>
      post(app, {
        'Upload-Length': '11',
        'Upload-Metadata': metadata({ filename: 'a.txt' }),
        'Repr-Digest': digest(content),
      })
    const url = async (content: string) =>
      new URL((await create(content)).headers.get('location') ?? '', `${app.url}/tus`).href
    const [right, wrong] = [await url('hello world'), await url('hello earth')]

    await patch(right, 0, 'hello ')
    await patch(wrong, 0, 'hello ')

    expect((await patch(right, 6, 'world')).status).toBe(204)
    expect((await patch(wrong, 6, 'world')).status).toBe(400)
    expect(await offsetOf(wrong)).toBe(404)
    expect(stored(app).length).toBe(1)
  })
})

describe('a download', () => {
  test('names its SHA-256, unless the reader wants none', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app)
    const reprDigest = async (want?: string) =>
      (await fetch(url, want === undefined ? {} : { headers: { 'Want-Repr-Digest': want } })).headers.get('repr-digest')

    expect(await reprDigest()).toBe(digest('hello'))
    expect(await reprDigest('sha-256=5, sha-512=10')).toBe(digest('hello'))
    expect(await reprDigest('sha-512=10')).toBe(digest('hello'))
    expect(await reprDigest('sha-512=1, sha-256=0')).toBeNull()
  })
})
