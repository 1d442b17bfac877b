import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { givenFile } from '../../helpers/client.ts'
import { migratedDatabase, temporaryFolder } from '../../helpers/database.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { ask, askUnlocked, blobsOf, connected, get, noise, rawGet, sha256 } from './ask.ts'
import { givenFiles } from './given.ts'

/** Less than the buffers between two sockets: the kernel accepts all of it, even if the client does not read. */
const SIZE = 100_000
const CONTENT = noise(SIZE)

const CURL = { 'User-Agent': 'curl/8.5.0' }
const WGET = { 'User-Agent': 'Wget/1.21.4' }
const KEPT = { ...CURL, Connection: 'keep-alive' }

const headStatus = async (url: string): Promise<number> => (await ask(url, { method: 'HEAD', headers: WGET })).status

/** Asks for `url` and reads nothing of it; resolves once the server believes that it was handed over. */
async function reader(app: TestApp, url: string, headers: Record<string, string> = KEPT): Promise<Socket> {
  const socket = await connected(app, rawGet(url, headers))
  await expect.poll(() => headStatus(url)).toBe(404)
  return socket
}

const at = (app: TestApp, url: string): string => app.url + new URL(url).pathname

describe.each(['keep-alive', 'close'])(
  'a copy whose reader leaves with unread bytes (Connection: %s)',
  (connection) => {
    const headers = { ...CURL, Connection: connection }

    test('can be downloaded again only by the same client', async () => {
      const app = await makeApp()
      const { url } = await givenFile(app, { oneShot: true }, CONTENT, 'a.bin')

      const socket = await reader(app, url, headers)
      socket.destroy()

      await expect.poll(() => headStatus(url)).toBe(423)
      expect((await get(url, WGET)).status).toBe(423)
      const rest = await askUnlocked(url, { headers: { ...CURL, Range: 'bytes=40000-' } })
      expect(sha256(rest.body)).toBe(sha256(CONTENT.subarray(40_000)))
      expect([await headStatus(url), (await get(url, CURL)).status]).toEqual([423, 404])

      await app.letTimePass(60_000) // a download manager may still ask for what it seems to have
      await app.maintenance.clean()
      expect(await headStatus(url)).toBe(404)
      await expect.poll(() => blobsOf(app)).toEqual([])
    })

    test('survives a purge in between', async () => {
      const app = await makeApp()
      const { url } = await givenFile(app, { oneShot: true }, CONTENT, 'a.bin')

      const socket = await reader(app, url, headers)
      await app.maintenance.clean()
      socket.destroy()

      await expect.poll(() => headStatus(url)).toBe(423)
      expect((await askUnlocked(url, { headers: CURL })).body.equals(CONTENT)).toBe(true)
    })

    test('is spent when the window passes', async () => {
      const app = await makeApp({ CLAIM_WINDOW: '10m' })
      const { url } = await givenFile(app, { oneShot: true }, CONTENT, 'a.bin')
      const socket = await reader(app, url, headers)
      socket.destroy()
      await expect.poll(() => headStatus(url)).toBe(423)

      app.advance(600_000)

      expect(await app.maintenance.clean()).toMatchObject({ lapsedClaims: 1 })
      expect((await get(url, CURL)).status).toBe(404)
      await expect.poll(() => blobsOf(app)).toEqual([])
    })
  },
)

test('a copy that was lost twice is not handed out a third time', async () => {
  const app = await makeApp()
  const { url } = await givenFile(app, { oneShot: true }, CONTENT, 'a.bin')
  for (const _ of [1, 2]) {
    const socket = await reader(app, url)
    socket.resetAndDestroy()
    await expect.poll(() => headStatus(url)).toBe(423)
  }

  expect((await get(url, { ...CURL, Range: 'bytes=-1' })).status).toBe(404)
})

test('a reset that another replica sees brings the copy back everywhere', async () => {
  const shared = { DATABASE_URL: await migratedDatabase(), DATA_DIR: temporaryFolder() }
  const [one, two] = [await makeApp(shared), await makeApp(shared)]
  const { url } = await givenFile(one, { oneShot: true }, CONTENT, 'a.bin')

  const socket = await reader(one, url)
  await two.maintenance.clean()
  socket.destroy()

  await expect.poll(() => headStatus(at(two, url))).toBe(423)
  const rest = await get(at(two, url), { ...CURL, Range: 'bytes=1-' })
  expect(rest.body.equals(CONTENT.subarray(1))).toBe(true)
  expect((await get(url, CURL)).status).toBe(404)
})

test('a piece that was lost is missing in the copy, though others came after it', async () => {
  const app = await makeApp()
  const { url } = await givenFile(app, { oneShot: true }, CONTENT, 'a.bin')
  const lost = await connected(app, rawGet(url, { ...KEPT, Range: 'bytes=0-49999' }))
  await once(lost, 'readable') // its head, and some of the rest stays in the kernel
  const second = await askUnlocked(url, { headers: { ...CURL, Range: 'bytes=50000-' } })
  expect([second.status, await headStatus(url)]).toEqual([206, 404])

  lost.resetAndDestroy()

  await expect.poll(() => headStatus(url)).toBe(423)
  const again = await askUnlocked(url, { headers: { ...CURL, Range: 'bytes=0-49999' } })
  expect(again.body.equals(CONTENT.subarray(0, 50_000))).toBe(true)
  expect((await get(url, CURL)).status).toBe(404)
})

test('one lost copy of two is back, the other one stays spent', async () => {
  const app = await makeApp()
  const { url } = await givenFile(app, { maxDownloads: 2 }, CONTENT, 'a.bin')
  expect((await get(url, WGET)).status).toBe(200)

  const socket = await reader(app, url)
  socket.destroy()

  await expect.poll(() => headStatus(url)).toBe(423)
  expect((await askUnlocked(url, { headers: CURL })).body.equals(CONTENT)).toBe(true)
  expect([(await get(url, CURL)).status, (await get(url, WGET)).status]).toEqual([404, 404])
})

test('an archive that was lost is the same client’s to resume, with all its files', async () => {
  const app = await makeApp()
  const { archive, files } = await givenFiles(app, { oneShot: true }, [
    ['a.bin', CONTENT],
    ['b.txt', 'hello'],
  ])
  const { headers: head } = await ask(archive, { method: 'HEAD' })
  const size = Number(head['content-length'])

  const socket = await connected(app, rawGet(archive, KEPT))
  await expect.poll(() => headStatus(files[0]?.url ?? '')).toBe(404)
  socket.destroy()

  await expect.poll(() => headStatus(files[0]?.url ?? '')).toBe(423)
  const rest = await askUnlocked(archive, { headers: { ...CURL, Range: 'bytes=1000-', 'If-Range': head.etag } })
  expect([rest.status, rest.body.length]).toEqual([206, size - 1000])
  app.advance(60_000)
  await app.maintenance.clean()
  await expect.poll(() => blobsOf(app)).toEqual([])
})

describe('a copy is spent for good', () => {
  test('when its reader asks for something else on the connection, whatever becomes of that', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { oneShot: true }, CONTENT, 'a.bin')
    const socket = await reader(app, url)

    socket.write(rawGet(`${app.url}/health`, KEPT))
    await expect.poll(() => blobsOf(app)).toEqual([])
    socket.resetAndDestroy()

    expect([(await get(url, CURL)).status, await headStatus(url)]).toEqual([404, 404])
  })

  test('when its reader closes the connection after the last byte', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { oneShot: true }, CONTENT, 'a.bin')
    const socket = await reader(app, url)
    expect(blobsOf(app)).toHaveLength(1)

    let bytes = 0
    socket.on('data', (chunk) => {
      bytes += chunk.length
    })
    await expect.poll(() => bytes).toBeGreaterThan(SIZE)
    socket.end()

    await expect.poll(() => blobsOf(app)).toEqual([])
    expect((await get(url, CURL)).status).toBe(404)
  })

  test('when the server closes an idle connection all of whose bytes were acknowledged', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { oneShot: true }, CONTENT, 'a.bin')
    const socket = await reader(app, url)
    socket.resume()

    app.server.server.closeIdleConnections()

    await expect.poll(() => blobsOf(app)).toEqual([])
    expect((await get(url, CURL)).status).toBe(404)
  })
})
