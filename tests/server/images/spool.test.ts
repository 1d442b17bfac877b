import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createImageSpool } from '../../../server/images/image-spool.ts'
import { newId } from '../../../server/lib/ids.ts'
import { temporaryFolder } from '../../helpers/database.ts'
import { drawn, image } from '../../helpers/images.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { waitUntil } from '../../helpers/wait.ts'
import { blobsOf, givenImageFile, phonePhoto, spooled } from './given.ts'

/** An upload that has sent its headers and the beginning of an image. */
async function startUpload(app: TestApp) {
  const { hostname, port } = new URL(app.url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write('PUT /photo.jpg HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n')
  socket.write(Buffer.from(await phonePhoto()))
  return socket
}

test('nothing is left in the spool of an image that is stored', async () => {
  const app = await makeApp()

  await givenImageFile(app, await phonePhoto(5))

  expect(spooled(app)).toEqual([])
  expect(blobsOf(app)).toHaveLength(1)
})

test('nothing is left of an image whose sender goes away', async () => {
  const app = await makeApp()
  const socket = await startUpload(app)
  await waitUntil(() => spooled(app).length === 1)

  socket.destroy()

  await waitUntil(() => spooled(app).length === 0)
  expect(blobsOf(app)).toEqual([])
})

test('images of other programs in the data folder stay', async () => {
  const app = await makeApp()
  const paths = ['me.jpg', 'Holidays2025Rome/a.jpg', 'sea/input', 'Holidays2026Oslo/input/b.jpg']
  const own = paths.map((path) => join(app.dataDir, 'pictures', path))
  for (const path of own) mkdirSync(dirname(path), { recursive: true })
  for (const path of own) writeFileSync(path, 'mine')

  app.advance(3_600_000)
  await app.maintenance.clean()

  expect(own.filter((path) => !existsSync(path))).toEqual([])
})

test('what a crash left is swept once it is older than five minutes', async () => {
  const app = await makeApp()
  const name = newId()
  const left = join(app.dataDir, 'pictures', name)
  mkdirSync(left, { recursive: true })
  writeFileSync(join(left, 'input'), 'of an image')

  await app.maintenance.clean()
  expect(spooled(app)).toEqual([name])
  app.advance(6 * 60_000) // the clock of the app stood still while the file was written
  const { unfinished } = await app.maintenance.clean()

  expect(unfinished).toEqual({ count: 1, bytes: 11 })
  expect(spooled(app)).toEqual([])
})

test('the sweep leaves an image that still comes in, however old it looks', async () => {
  const app = await makeApp()
  const socket = await startUpload(app)
  await waitUntil(() => spooled(app).length === 1)
  utimesSync(join(app.dataDir, 'pictures', spooled(app)[0] ?? ''), 0, 0)

  await app.maintenance.clean()

  expect(spooled(app)).toHaveLength(1)
  socket.destroy()
  await waitUntil(() => spooled(app).length === 0)
})

test('an image that waits for its turn looks young to the sweep of another process', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const folder = temporaryFolder()
  const spool = createImageSpool({ folder, log: { error: () => {} } })
  const worked = Promise.withResolvers<void>()
  const lent = spool.lend(() => worked.promise)
  await waitUntil(() => readdirSync(folder).length === 1)
  const path = join(folder, readdirSync(folder)[0] ?? '')
  utimesSync(path, 0, 0)

  vi.advanceTimersByTime(60_000)

  await waitUntil(() => statSync(path).mtimeMs > Date.now() - 60_000)
  worked.resolve()
  await lent
  spool.close()
})

test('other requests are answered at once while twenty photos are worked on', async () => {
  const app = await makeApp()
  const noise = drawn(1600, 1200, (x, y) => [(x * 7 + y * 3) % 256, (x * y) % 256, (x ^ y) % 256])
  const sideways = new Uint8Array(await image(noise).jpeg().withMetadata({ orientation: 6 }).toBuffer())

  let isDone = false
  const uploads = Promise.all(Array.from({ length: 20 }, () => givenImageFile(app, sideways))).then((files) => {
    isDone = true
    return files
  })
  const latencies: number[] = []
  while (!isDone) {
    const asked = performance.now()
    await fetch(`${app.url}/health`)
    latencies.push(performance.now() - asked)
  }

  const files = await uploads
  expect(new Set(files.map(({ file }) => file.image?.status))).toEqual(new Set(['normalised']))
  latencies.sort((a, b) => a - b)
  const p95 = latencies[Math.floor(latencies.length * 0.95)] ?? 0
  expect(latencies.length).toBeGreaterThan(20)
  expect(p95).toBeLessThan(250)
})
