import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { Upload, type UploadOptions } from 'tus-js-client'
import { describe, expect, test } from 'vitest'
import { chunk, head, LAST_CHUNK, rawClient } from '../helpers/raw-client.ts'
import { sharedServer } from '../helpers/spawn-server.ts'

/** What the end-to-end tests of well-known tus clients do, by the requests that each of them makes. */

const MIB = 1024 * 1024
const TUS = { 'Tus-Resumable': '1.0.0' }
const OFFSET_TYPE = 'application/offset+octet-stream'
const server = sharedServer({ MAX_FILE_SIZE: '64MiB' })

const endpoint = () => `${server.url()}/tus`
const base64 = (text: string) => Buffer.from(text).toString('base64')
const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('base64')

/** Where an upload was created, as a client resolves it. */
async function create(headers: Record<string, string>): Promise<string> {
  const created = await fetch(endpoint(), { method: 'POST', headers: { ...TUS, ...headers } })
  expect(created.status).toBe(201)
  return new URL(created.headers.get('location') ?? '', endpoint()).href
}

const patch = (url: string, offset: number, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'PATCH',
    headers: { ...TUS, 'Content-Type': OFFSET_TYPE, 'Upload-Offset': `${offset}`, ...headers },
    body,
  })

const inspect = (url: string) => fetch(url, { method: 'HEAD', headers: TUS })

async function expectContent(url: string, bytes: Uint8Array): Promise<void> {
  const answer = await fetch(url)
  expect(answer.status).toBe(200)
  expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true)
}

describe('tus-js-client', () => {
  const METADATA = { nonlatin: 'słońce', number: '100', filename: 'large-file.txt', filetype: 'text/plain' }

  const sendWith = (source: Buffer | Readable | Blob, options: Partial<UploadOptions>): Promise<Upload> =>
    new Promise((resolve, reject) => {
      const upload = new Upload(source as Buffer, {
        endpoint: endpoint(),
        metadata: METADATA,
        onSuccess: () => resolve(upload),
        onError: reject,
        ...options,
      })
      upload.start()
    })

  test.each([
    ['a buffer', (bytes: Buffer) => sendWith(bytes, {})],
    ['a buffer with its creation', (bytes: Buffer) => sendWith(bytes, { uploadDataDuringCreation: true })],
    [
      'a stream of unknown length',
      (bytes: Buffer) => sendWith(streamOf(bytes), { uploadLengthDeferred: true, chunkSize: 4 * MIB }),
    ],
    [
      'a stream of known length',
      (bytes: Buffer) => sendWith(streamOf(bytes), { uploadSize: bytes.length, chunkSize: 4 * MIB }),
    ],
  ])('sends %s, finds its content and metadata, and terminates the finished upload', async (_what, send) => {
    const bytes = randomBytes(10 * MIB + 7)

    const upload = await send(bytes)
    const url = upload.url ?? ''

    await expectContent(url, bytes)
    const { status, headers } = await inspect(url)
    expect(status).toBe(200)
    expect([headers.get('tus-resumable'), headers.get('upload-offset'), headers.get('upload-length')]).toEqual([
      '1.0.0',
      `${bytes.length}`,
      `${bytes.length}`,
    ])
    expect(headers.get('upload-metadata')?.split(',').sort()).toEqual(
      Object.entries(METADATA)
        .map(([key, value]) => `${key} ${base64(value)}`)
        .sort(),
    )
    await upload.abort(true)
    expect((await fetch(url)).status).toBe(404)
  })

  const streamOf = (bytes: Buffer) =>
    Readable.from(
      Array.from({ length: Math.ceil(bytes.length / MIB) }, (_, index) =>
        bytes.subarray(index * MIB, (index + 1) * MIB),
      ),
      { objectMode: false },
    )
})

describe('go-tus', () => {
  const createEmpty = (length: number) =>
    create({ 'Content-Length': '0', 'Upload-Length': `${length}`, 'Upload-Metadata': `filename ${base64('go.bin')}` })

  async function upload(url: string, bytes: Buffer<ArrayBuffer>, from = 0): Promise<void> {
    for (let offset = from; offset < bytes.length; offset += 2 * MIB) {
      const piece = bytes.subarray(offset, offset + 2 * MIB)
      const answer = await patch(url, offset, piece)
      expect([answer.status, answer.headers.get('upload-offset')]).toEqual([204, `${offset + piece.length}`])
    }
  }

  test('sends small files, and many at once', async () => {
    const files = Array.from({ length: 20 }, () => randomBytes(MIB / 2))

    const urls = await Promise.all(
      files.map(async (bytes) => {
        const url = await createEmpty(bytes.length)
        await upload(url, bytes)
        return url
      }),
    )

    await Promise.all(urls.map((url, index) => expectContent(url, files[index] as Buffer)))
  })

  test('aborts, asks for the offset and resumes', async () => {
    const bytes = randomBytes(9 * MIB)
    const url = await createEmpty(bytes.length)
    await upload(url, bytes.subarray(0, 4 * MIB))

    const offset = Number((await inspect(url)).headers.get('upload-offset'))
    await upload(url, bytes, offset)

    expect(offset).toBe(4 * MIB)
    await expectContent(url, bytes)
  })

  test('gets the statuses that it distinguishes', async () => {
    const url = await createEmpty(10)
    const status = async (answer: Promise<Response>) => (await answer).status
    const withLength = (length: number, headers: Record<string, string>) =>
      status(fetch(endpoint(), { method: 'POST', headers: { 'Upload-Length': `${length}`, ...headers } }))

    expect(await status(patch(url, 5, Buffer.from('12345')))).toBe(409)
    expect(await status(patch(url, 0, randomBytes(11)))).toBe(413)
    expect(await withLength(64 * MIB + 1, TUS)).toBe(413)
    expect(await withLength(10, { 'Tus-Resumable': '0.9.0' })).toBe(412)
    expect(await status(inspect(`${endpoint()}/unknown`))).toBe(404)
  })
})

describe('tuspy', () => {
  test('sends each chunk with its checksum', async () => {
    const bytes = randomBytes(3 * MIB)
    const url = await create({ 'upload-length': `${bytes.length}`, 'upload-metadata': `filename ${base64('a.txt')}` })
    const send = (offset: number, sent: Uint8Array<ArrayBuffer>) => {
      const announced = bytes.subarray(offset, offset + MIB)
      return patch(url, offset, sent, { 'upload-checksum': `sha1 ${sha1(announced)}` })
    }

    expect((await send(0, bytes.subarray(0, MIB))).status).toBe(204)
    expect((await send(MIB, randomBytes(MIB))).status).toBe(460)
    expect((await inspect(url)).headers.get('upload-offset')).toBe(`${MIB}`)
    expect((await send(MIB, bytes.subarray(MIB, 2 * MIB))).status).toBe(204)
    expect((await send(2 * MIB, bytes.subarray(2 * MIB))).status).toBe(204)

    await expectContent(url, bytes)
  })

  test.each([
    ['in the middle of a chunk', 2 * MIB + 9],
    ['with a whole chunk', 2 * MIB],
  ])('tells the length of a stream when it ends %s', async (_where, length) => {
    const bytes = randomBytes(length)
    const url = await create({ 'upload-defer-length': '1', 'upload-metadata': '' })

    for (let offset = 0; offset <= bytes.length; offset += MIB) {
      const piece = bytes.subarray(offset, offset + MIB)
      const isLast = piece.length < MIB
      const answer = await patch(url, offset, piece, isLast ? { 'upload-length': `${bytes.length}` } : {})
      expect(answer.status).toBe(204)
    }

    await expectContent(url, bytes)
  })
})

describe('tus-java-client', () => {
  /** A request of unknown length that waits for `100 Continue`. */
  async function send(method: string, url: string, offset: number, bytes: Buffer, headers = {}) {
    const client = await rawClient(url)
    await client.send(
      head(method, new URL(url).pathname, {
        ...TUS,
        'Content-Type': OFFSET_TYPE,
        'Upload-Offset': offset,
        Expect: '100-continue',
        'Transfer-Encoding': 'chunked',
        ...headers,
      }),
    )
    const first = await client.informed()
    if (first !== 100) return client.answer()
    for (let at = 0; at < bytes.length; at += MIB) await client.send(chunk(bytes.subarray(at, at + MIB)))
    await client.send(LAST_CHUNK)
    return client.answer()
  }

  test.each([
    ['PATCH', 'PATCH', {}],
    ['POST that stands for PATCH', 'POST', { 'X-HTTP-Method-Override': 'PATCH' }],
  ])('sends a file in several requests of unknown length by %s', async (_what, method, headers) => {
    const bytes = randomBytes(5 * MIB + 3)
    const url = await create({ 'Upload-Length': `${bytes.length}`, 'Upload-Metadata': `filename ${base64('j.bin')}` })

    for (let offset = 0; offset < bytes.length; offset += 2 * MIB) {
      const piece = bytes.subarray(offset, offset + 2 * MIB)
      const answer = await send(method, url, offset, piece, headers)
      expect([answer.status, answer.headers['upload-offset']]).toEqual([204, `${offset + piece.length}`])
    }

    await expectContent(url, bytes)
  })

  test('is refused before it sends anything', async () => {
    const url = await create({ 'Upload-Length': '10' })

    const answer = await send('PATCH', url, 3, Buffer.alloc(7))

    expect([answer.status, answer.headers.connection]).toEqual([409, 'close'])
  })
})
