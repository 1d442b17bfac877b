import { once } from 'node:events'
import { rmSync, truncateSync } from 'node:fs'
import http from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { givenFile } from '../../helpers/client.ts'
import { makeApp, sharedApp, type TestApp } from '../../helpers/make-app.ts'
import { blobsOf, bodyOf, connected, cutAfter, get, noise, open, rawGet, sha256, statusOf, textOf } from './ask.ts'

const app = sharedApp()

const MB = 1_000_000

/** More than all buffers between two sockets hold. */
const BIG = noise(60 * MB)

const connections = (app: TestApp): Promise<number> =>
  new Promise((resolve) => app.server.server.getConnections((_error, count) => resolve(count)))

describe('a reader', () => {
  test('a client that does not read costs next to no memory, and gets all of it in the end', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, {}, BIG, 'big.bin')
    const before = process.memoryUsage()

    const readers = await Promise.all(Array.from({ length: 8 }, () => open(url)))
    await get(url, { Range: 'bytes=0-9999999' }) // the others had their time to fill buffers
    const after = process.memoryUsage()
    const [first, ...others] = readers
    for (const reader of others) reader.destroy()

    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(150 * MB) // of 480 that they asked for
    expect(sha256(await bodyOf(first as http.IncomingMessage))).toBe(sha256(BIG))
  })

  test('a client that disconnects midway leaves nothing open and does not affect others', async () => {
    const { url } = await givenFile(app, {}, BIG, 'big.bin')
    const before = await connections(app)

    await Promise.all(Array.from({ length: 10 }, (_, index) => cutAfter(index * 100_000, url)))

    await expect.poll(() => connections(app)).toBeLessThanOrEqual(before)
    expect(sha256((await get(url)).body)).toBe(sha256(BIG))
  })

  test('a client that resets the connection before reading does not affect others', async () => {
    const { url } = await givenFile(app, {}, BIG, 'big.bin')
    const before = await connections(app)

    const sockets = await Promise.all(Array.from({ length: 10 }, () => connected(app, rawGet(url))))
    for (const socket of sockets) socket.resetAndDestroy()

    await expect.poll(() => connections(app)).toBeLessThanOrEqual(before)
    expect((await get(url, { Range: 'bytes=0-4' })).body).toHaveLength(5)
  })

  test('may take many files over one connection, whole, in parts and none at all', async () => {
    const { url } = await givenFile(app, {}, '0123456789')
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const over = async (method: string, headers: http.OutgoingHttpHeaders) => {
      const request = http.request(url, { method, headers, agent }).end()
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      return `${response.statusCode} ${(await bodyOf(response)).toString()} ${request.reusedSocket}`
    }

    const answers = [
      await over('GET', {}),
      await over('GET', { Range: 'bytes=2-4' }),
      await over('HEAD', {}),
      await over('GET', { 'If-None-Match': '*' }),
      await over('GET', { Range: 'bytes=99-' }),
      await over('GET', {}),
    ]
    agent.destroy()

    expect(answers).toEqual([
      '200 0123456789 false',
      '206 234 true',
      '200  true',
      '304  true',
      '416 the range lies outside the 10 bytes\n true',
      '200 0123456789 true',
    ])
  })

  test('may take many one-time files over one connection, which keeps no listener of them', async () => {
    const files = await Promise.all(Array.from({ length: 12 }, () => givenFile(app, { oneShot: true })))
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    let server: Socket | undefined
    app.server.server.once('connection', (socket: Socket) => {
      server = socket
    })
    const listeners = () => ['end', 'close'].map((name) => (server as Socket).listenerCount(name))
    const statuses: (number | undefined)[] = []
    const counts: number[][] = []
    for (const { url } of files) {
      const [response] = await once(http.request(url, { agent }).end(), 'response')
      await bodyOf(response)
      statuses.push(response.statusCode)
      counts.push(listeners())
    }
    agent.destroy()

    expect(statuses).toEqual(files.map(() => 200))
    expect(counts.at(-1)).toEqual(counts[0])
  })

  test('may send several requests before the first answer came', async () => {
    const { url } = await givenFile(app, {}, '0123456789')
    const keepAlive = rawGet(url, { Range: 'bytes=0-3', Connection: 'keep-alive' })

    const answers = await textOf(await connected(app, keepAlive + keepAlive + rawGet(url)))

    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 206', 'HTTP/1.1 206', 'HTTP/1.1 200'])
    expect(
      answers
        .split('\r\n\r\n')
        .slice(1)
        .map((rest) => rest.slice(0, 4)),
    ).toEqual(['0123', '0123', '0123'])
  })

  test('of HTTP/1.0 gets the file and its end', async () => {
    const { url } = await givenFile(app)

    const answer = await textOf(await connected(app, `GET ${new URL(url).pathname} HTTP/1.0\r\n\r\n`))

    expect(statusOf(answer)).toBe(200)
    expect(answer).toMatch(/\r\n\r\nhello$/)
  })
})

describe('a file whose bytes are lost', () => {
  test('is an error and not an empty file', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app)
    for (const blob of blobsOf(app)) rmSync(blob)

    const { status, headers, body } = await get(url)

    expect(status).toBe(410)
    expect(body.toString()).toBe('the server has lost the data of this file, so it can no longer be downloaded\n')
    expect(headers.etag).toBeUndefined()
  })

  test('in part is an error and not a short file', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, {}, '0123456789')
    for (const blob of blobsOf(app)) truncateSync(blob, 6)

    expect((await get(url)).status).toBe(410)
    expect((await get(url, { Range: 'bytes=0-5' })).body.toString()).toBe('012345')
    expect((await get(url, { Range: 'bytes=0-6' })).status).toBe(410)
  })

  test('during a download is a broken connection and not a short file', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, {}, BIG, 'big.bin')

    const reader = await open(url)
    for (const blob of blobsOf(app)) truncateSync(blob, 50 * MB)

    await expect(bodyOf(reader)).rejects.toThrow('aborted')
  })
})

test('a file deleted during a download is read to its end', async () => {
  const app = await makeApp()
  const { url } = await givenFile(app, { removable: true }, BIG, 'big.bin')
  const reader = await open(url)

  await fetch(url, { method: 'DELETE' })
  await expect.poll(() => blobsOf(app)).toEqual([])

  expect(sha256(await bodyOf(reader))).toBe(sha256(BIG))
  expect((await get(url)).status).toBe(404)
})
