import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import axios from 'axios'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createUpload } from '../helpers/client.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { makeApp, type TestApp } from '../helpers/make-app.ts'
import { CHUNKED, CHUNKED_FORM, chunk, formPart, head, rawClient } from '../helpers/raw-client.ts'
import { storedFiles } from '../helpers/stored-files.ts'
import { waitFor } from '../helpers/wait.ts'

const run = promisify(execFile)
const MB = 1_000_000
const LARGE = new Uint8Array(30 * MB)
const TEXT = 'file too big (limit is set to 1.0 MB)\n'
const PROBLEM = {
  type: 'about:blank',
  title: 'Payload Too Large',
  status: 413,
  detail: TEXT.trim(),
  code: 'file_too_large',
  parameters: { max: MB },
}

afterEach(() => void vi.useRealTimers())

const givenApp = () => makeApp({ MAX_FILE_SIZE: '1MB' })

function largeFile(): string {
  const path = join(temporaryFolder(), 'large.bin')
  writeFileSync(path, LARGE)
  return path
}

async function expectNothingLeft(app: TestApp): Promise<void> {
  await waitFor(() => expect(storedFiles(app.dataDir)).toEqual([]))
  expect((await fetch(`${app.url}/ok.txt`, { method: 'PUT', body: 'x'.repeat(MB) })).status).toBe(200)
}

describe('a file over the limit is refused in words that reach', () => {
  test.each([
    ['curl -T', (path: string) => ['-T', path]],
    ['curl -T without Expect', (path: string) => ['-H', 'Expect:', '-T', path]],
    ['curl -T in chunks', (path: string) => ['-H', 'Transfer-Encoding: chunked', '-T', path]],
    ['curl -T of a slow sender', (path: string) => ['--limit-rate', '8M', '-T', path]],
    ['curl -F', (path: string) => ['-F', `file=@${path}`]],
    ['curl -F with Expect', (path: string) => ['-H', 'Expect: 100-continue', '-F', `file=@${path}`]],
  ])('%s', async (_how, options) => {
    const app = await givenApp()
    const format = '%{http_code} %{size_upload}'

    const { stdout } = await run('curl', [
      '-sS',
      '--max-time',
      '10',
      '-w',
      format,
      ...options(largeFile()),
      `${app.url}/`,
    ])

    const [text, code, sent] = stdout.match(/^(.*\n)(\d+) (\d+)$/s)?.slice(1) ?? []
    expect({ text, code }).toEqual({ text: TEXT, code: '400' })
    expect(Number(sent)).toBeLessThan(LARGE.length) // and curl does not send the rest
    await expectNothingLeft(app)
  })

  test('curl -F to a file of an upload', async () => {
    const app = await givenApp()
    const { id, uploadToken } = await createUpload(app)

    const { stdout } = await run('curl', [
      '-sS',
      '-H',
      `X-UploadToken: ${uploadToken}`,
      '-F',
      `file=@${largeFile()}`,
      `${app.url}/file/${id}`,
    ])

    expect(stdout).toBe(TEXT)
    await expectNothingLeft(app)
  })

  test.each([
    ['a buffer', () => Buffer.from(LARGE)],
    ['a stream', () => Readable.from(Array.from({ length: 300 }, () => Buffer.alloc(100_000)))],
  ])('axios that sends %s', async (_what, body) => {
    const app = await givenApp()

    const answer = await axios.put(`${app.url}/x.bin`, body(), { validateStatus: () => true, maxRedirects: 0 })

    expect(answer.status).toBe(413)
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(answer.data).toEqual(PROBLEM)
    await expectNothingLeft(app)
  })

  test.each([
    ['plain', {}, 400, TEXT],
    ['JSON', { Accept: 'application/json' }, 413, JSON.stringify(PROBLEM)],
  ])('fetch that asks for %s', async (_what, headers, status, text) => {
    const app = await givenApp()

    const answer = await fetch(`${app.url}/x.bin`, { method: 'PUT', body: LARGE, headers })

    expect(answer.status).toBe(status)
    expect(await answer.text()).toBe(text)
    await expectNothingLeft(app)
  })

  test.each(['keep-alive', 'close'])(
    'a client that reads only when it has sent everything, with Connection: %s',
    async (connection) => {
      const app = await givenApp()
      const client = await rawClient(app.url)
      client.socket.pause()

      await client.send(head('PUT', '/x.bin', { Connection: connection, 'Content-Length': LARGE.length }))
      await client.send(LARGE)
      client.socket.resume()

      expect(await client.answer()).toMatchObject({ status: 400, body: TEXT })
      await expectNothingLeft(app)
    },
  )
})

test('the last allowed byte is taken and the next is not', async () => {
  const app = await givenApp()
  const put = async (size: number) =>
    (await fetch(`${app.url}/x.bin`, { method: 'PUT', body: new Uint8Array(size) })).status

  expect(await put(MB)).toBe(200)
  expect(await put(MB + 1)).toBe(400)
})

test('a connection whose request was refused can be reused after the end of the body', async () => {
  const app = await givenApp()
  const client = await rawClient(app.url)
  await client.send(head('PUT', '/x.bin', { 'Content-Length': 5 * MB }))
  await client.send(new Uint8Array(5 * MB))
  expect((await client.answer()).status).toBe(400)

  const second = new Promise<string>((resolve) =>
    client.socket.once('data', (bytes: Buffer) => resolve(bytes.toString())),
  )
  await client.send(head('GET', '/health'))

  expect(await second).toMatch(/^HTTP\/1.1 200 OK/)
})

test.each([
  ['raw body', head('PUT', '/x.bin', CHUNKED), chunk(new Uint8Array(2 * MB))],
  ['form', head('POST', '/', CHUNKED_FORM), chunk(`${formPart('file', 'x.bin')}${'x'.repeat(2 * MB)}`)],
  [
    'form with a wrong option',
    head('POST', '/?ttl=-5', CHUNKED_FORM),
    chunk(`${formPart('file', 'x.bin')}${'x'.repeat(2 * MB)}`),
  ],
])('a client that does not stop sending a refused %s is cut off within 10 s', async (_what, requestHead, body) => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const app = await givenApp()
  const client = await rawClient(app.url)
  await client.send(requestHead)
  await client.send(body)
  expect((await client.answer()).status).toBe(400)

  for (let second = 0; second < 9; second += 1) {
    await client.send(chunk(new Uint8Array(1_000)))
    vi.advanceTimersByTime(1_000)
  }
  expect(client.socket.destroyed).toBe(false)

  vi.advanceTimersByTime(1_000)
  await client.closed
})

test.each([
  ['refused', head('PUT', '/x.bin', CHUNKED), 400],
  ['not asked for, of a GET', head('GET', '/health', CHUNKED), 200],
  ['not asked for, of a GET that is refused', head('GET', '/file/AAAAAAAAAAAAAAAA/AAAAAAAAAAAAAAAA/a', CHUNKED), 404],
])('a body that is %s is not read for ever, however fast it comes', async (_what, requestHead, status) => {
  const app = await givenApp()
  const client = await rawClient(app.url)
  const piece = chunk(new Uint8Array(8 * MB))
  await client.send(requestHead)
  let sent = 0
  const sending = (async () => {
    for (; !client.socket.destroyed && sent < 100; sent += 1) await client.send(piece)
  })().catch(() => {})

  expect((await client.answer()).status).toBe(status)
  await client.closed
  await sending

  expect(sent).toBeLessThan(100)
})

test('a connection whose body was not requested can be reused after its end', async () => {
  const app = await givenApp()
  const client = await rawClient(app.url)
  const answers = new Promise<string>((resolve) => {
    let text = ''
    client.socket.on('data', (bytes: Buffer) => {
      text += bytes.toString()
      if ((text.match(/^HTTP\/1.1 200 OK/gm) ?? []).length === 2) resolve(text)
    })
  })

  await client.send(head('GET', '/health', { 'Content-Length': 5 * MB }))
  await client.send(new Uint8Array(5 * MB))
  await client.send(head('GET', '/health'))

  expect(await answers).toContain('ok')
})

test.each(['keep-alive', 'close'])(
  'JSON over a megabyte is refused in words that reach, with Connection: %s',
  async (connection) => {
    const app = await makeApp()
    const client = await rawClient(app.url)
    client.socket.pause()

    await client.send(head('POST', '/upload', { Connection: connection, 'Content-Length': 20 * MB }))
    await client.send(new Uint8Array(20 * MB).fill(0x20))
    client.socket.resume()

    expect(await client.answer()).toMatchObject({
      status: 400,
      body: 'unable to read request body : http: request body too large\n',
    })
  },
)
