import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createUpload, givenFile } from '../helpers/client.ts'
import { makeApp, type TestApp } from '../helpers/make-app.ts'
import {
  BOUNDARY,
  CHUNKED,
  CHUNKED_FORM,
  chunk,
  FORM_END,
  formPart,
  head,
  LAST_CHUNK,
  rawClient,
} from '../helpers/raw-client.ts'
import { storedFiles } from '../helpers/stored-files.ts'
import { waitFor } from '../helpers/wait.ts'

const MB = 1_000_000
const half = new Uint8Array(3 * MB)
const FORM = { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` }

const temporaries = ({ dataDir }: TestApp) => readdirSync(join(dataDir, 'files', 'tmp'))

/** All unfinished uploads were deleted, without any trace. */
async function expectNothingLeft(app: TestApp): Promise<void> {
  await waitFor(() => expect(storedFiles(app.dataDir)).toEqual([]))
}

describe('an upload whose connection breaks leaves nothing', () => {
  const beginnings = [
    ['PUT with a length', head('PUT', '/x.bin', { 'Content-Length': 10 * MB }), half],
    ['chunked PUT', head('PUT', '/x.bin', CHUNKED), chunk(half)],
    [
      'chunked PUT, within a chunk',
      head('PUT', '/x.bin', CHUNKED),
      `${(5 * MB).toString(16)}\r\n${'x'.repeat(3 * MB)}`,
    ],
    [
      'form with a length',
      head('POST', '/', { ...FORM, 'Content-Length': 10 * MB }),
      `${formPart('file', 'x.bin')}${'x'.repeat(3 * MB)}`,
    ],
    ['chunked form', head('POST', '/', CHUNKED_FORM), chunk(`${formPart('file', 'x.bin')}${'x'.repeat(3 * MB)}`)],
    [
      'second file of a form',
      head('POST', '/', CHUNKED_FORM),
      chunk(`${formPart('file', 'a')}a\r\n${formPart('file', 'b')}${'x'.repeat(3 * MB)}`),
    ],
  ] as const

  test.each(beginnings)('%s, ended politely', async (_what, requestHead, body) => {
    const app = await makeApp()
    const client = await rawClient(app.url)
    await client.send(requestHead)
    await client.send(body)
    await waitFor(() => expect(temporaries(app)).toHaveLength(1))

    client.socket.end()

    await client.closed
    await expectNothingLeft(app)
  })

  test.each(beginnings)('%s, reset', async (_what, requestHead, body) => {
    const app = await makeApp()
    const client = await rawClient(app.url)
    await client.send(requestHead)
    await client.send(body)
    await waitFor(() => expect(temporaries(app)).toHaveLength(1))

    client.socket.resetAndDestroy()

    await expectNothingLeft(app)
  })
})

test('a file whose connection breaks leaves no trace in its upload', async () => {
  const app = await makeApp()
  const { id, uploadToken } = await createUpload(app)
  const client = await rawClient(app.url)
  await client.send(head('POST', `/file/${id}`, { ...CHUNKED_FORM, 'X-UploadToken': uploadToken }))
  await client.send(chunk(`${formPart('file', 'x.bin')}${'x'.repeat(3 * MB)}`))
  await waitFor(() => expect(temporaries(app)).toHaveLength(1))

  client.socket.resetAndDestroy()

  await expectNothingLeft(app)
  await waitFor(async () => {
    const { files } = (await (await fetch(`${app.url}/upload/${id}`)).json()) as { files: unknown }
    expect(files).toEqual([])
  })
})

test.each([
  ['before its final boundary', `${formPart('file', 'x.txt')}content`],
  ['within its final boundary', `${formPart('file', 'x.txt')}content\r\n--${BOUNDARY}`],
  ['after its file, within a field', `${formPart('file', 'x.txt')}content\r\n${formPart('comments')}half`],
])(
  'a form that ends %s is refused in readable words and leaves nothing, though its length is right',
  async (_where, body) => {
    const app = await makeApp()
    const { id, uploadToken } = await createUpload(app)

    for (const path of ['/', `/file/${id}`]) {
      const client = await rawClient(app.url)
      await client.send(
        head('POST', path, { ...FORM, 'Content-Length': body.length, 'X-UploadToken': uploadToken }) + body,
      )
      expect(await client.answer()).toMatchObject({
        status: 400,
        body: expect.stringMatching(/^invalid multipart form : /),
      })
    }

    await expectNothingLeft(app)
  },
)

test('many uploads that break leave no file, no descriptor and no memory of themselves', async () => {
  const app = await makeApp()
  await givenFile(app) // files that are opened once stay open
  const settled = () => waitFor(() => expect(temporaries(app)).toEqual([]))
  const breakOne = async (index: number) => {
    const client = await rawClient(app.url)
    await client.send(head('PUT', `/${index}.bin`, CHUNKED))
    await client.send(chunk(new Uint8Array(1_200_000)))
    client.socket.resetAndDestroy()
    await client.closed
  }
  await breakOne(0)
  await settled()
  const before = descriptors()

  for (let round = 0; round < 10; round += 1)
    await Promise.all(Array.from({ length: 20 }, (_, index) => breakOne(index)))

  await settled()
  await waitFor(() => expect(descriptors()).toBeLessThanOrEqual(before))
  expect(storedFiles(app.dataDir)).toHaveLength(1)
})

const descriptors = (): number => readdirSync('/proc/self/fd').length

describe('a client that falls silent', () => {
  test('is cut after 30 s unless told otherwise, and after 20 s for its headers', async () => {
    const { server } = (await makeApp()).server

    expect(server.timeout).toBe(30_000)
    expect(server.headersTimeout).toBeLessThanOrEqual(20_000)
    expect(server.requestTimeout).toBe(0) // would cut honest long uploads
  })

  test.each([
    ['a raw body', head('PUT', '/x.bin', { 'Content-Length': 10 * MB }), half],
    ['a form', head('POST', '/', CHUNKED_FORM), chunk(`${formPart('file', 'x')}${'x'.repeat(3 * MB)}`)],
    [
      'a field after the file of a form',
      head('POST', '/', CHUNKED_FORM),
      chunk(`${formPart('file', 'x')}x\r\n${formPart('ttl')}6`),
    ],
    [
      'the head of a part',
      head('POST', '/', CHUNKED_FORM),
      chunk(`${formPart('file', 'x')}x\r\n--${BOUNDARY}\r\nContent-`),
    ],
    ['a form, before its first part', head('POST', '/', CHUNKED_FORM), chunk('preamble')],
    [
      'a part that is skipped',
      head('POST', '/', CHUNKED_FORM),
      chunk(`${formPart('other', 'x')}${'x'.repeat(3 * MB)}`),
    ],
    ['a JSON body', head('POST', '/upload', { 'Content-Length': 100 }), '{"ttl":'],
  ])('within %s is cut, leaves nothing, and nobody else notices', async (_what, requestHead, body) => {
    const app = await makeApp({ IDLE_TIMEOUT: '1s' })
    const client = await rawClient(app.url)
    await client.send(requestHead)
    await client.send(body)

    const meanwhile = await fetch(`${app.url}/other.txt`, { method: 'PUT', body: 'other' })
    await client.closed

    expect(meanwhile.status).toBe(200)
    await waitFor(() => expect(storedFiles(app.dataDir)).toHaveLength(1))
  })

  test('is not one that sends slowly', async () => {
    const app = await makeApp({ IDLE_TIMEOUT: '1s' })
    const client = await rawClient(app.url)
    await client.send(head('PUT', '/slow.txt', CHUNKED))

    for (let index = 0; index < 8; index += 1) {
      await client.send(chunk('x'))
      await setTimeout(200) // the pace of a slow line
    }
    await client.send(LAST_CHUNK)

    expect((await client.answer()).status).toBe(200)
  })

  test('is one, too, whose headers come drop by drop', async () => {
    const app = await makeApp()
    app.server.server.headersTimeout = 300
    const client = await rawClient(app.url)
    let isClosed = false
    const closed = client.closed.then(() => {
      isClosed = true
    })

    await client.send('GET /health HTTP/1.1\r\nHost: x\r\n')
    while (!isClosed) {
      await client.send('X-Drop: x\r\n').catch(() => {})
      await Promise.race([closed, setTimeout(100)])
    }

    expect((await fetch(`${app.url}/health`)).status).toBe(200)
  }, 10_000)
})

test('a form that continues after its file in another part is one upload, whole', async () => {
  const app = await makeApp()
  const client = await rawClient(app.url)
  await client.send(head('POST', '/', CHUNKED_FORM))
  await client.send(chunk(`${formPart('file', 'x.txt')}content\r\n${formPart('ttl')}60${FORM_END}`))
  await client.send(LAST_CHUNK)

  const { status, body } = await client.answer()

  expect(status).toBe(200)
  expect(await (await fetch(body.trim().replace('http://127.0.0.1', app.url))).text()).toBe('content')
})
