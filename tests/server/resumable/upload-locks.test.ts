import { randomBytes } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answerOf } from '../../helpers/answers.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { head as headOf, rawClient } from '../../helpers/raw-client.ts'
import { waitUntil } from '../../helpers/wait.ts'
import { createResumable, offsetOf, patch } from './tus-requests.ts'

/** One writer at a time. */

const MIB = 1024 * 1024
const PATCH_HEADERS = {
  'Tus-Resumable': '1.0.0',
  'Content-Type': 'application/offset+octet-stream',
  'Upload-Offset': 0,
}

/** A writer who sent `content` of `length` bytes and then fell silent. */
async function stalledWriter(url: string, content: string | Uint8Array, length: number) {
  const client = await rawClient(url)
  await client.send(headOf('PATCH', new URL(url).pathname, { ...PATCH_HEADERS, 'Content-Length': length }))
  await client.send(content)
  return client
}

/** What the store keeps of files that are not finished. */
function unfinishedBytes({ dataDir }: TestApp): number {
  const folder = join(dataDir, 'files', 'tmp')
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

/** What came is written out every two seconds. */
const untilNoted = (app: TestApp, bytes: number) => waitUntil(() => unfinishedBytes(app) === bytes)

test('bytes that arrived before a connection broke are kept', async () => {
  const app = await makeApp()
  const bytes = randomBytes(8 * MIB)
  const { url, link } = await createResumable(app, bytes.length)
  const writer = await stalledWriter(url, bytes.subarray(0, 4 * MIB), bytes.length)
  await waitUntil(() => unfinishedBytes(app) >= 3 * MIB)

  writer.socket.destroy()

  const offset = await offsetOf(url)
  expect(offset).toBeGreaterThanOrEqual(3 * MIB)
  await patch(url, offset, bytes.subarray(offset))
  expect(Buffer.from(await (await fetch(link)).arrayBuffer()).equals(bytes)).toBe(true)
})

test('a writer that stalls is displaced by the client that asks for the offset', async () => {
  const app = await makeApp()
  const { url, link } = await createResumable(app, 11)
  const stalled = await stalledWriter(url, 'hello ', 11)
  await untilNoted(app, 6)

  expect(await offsetOf(url)).toBe(6)
  await patch(url, 6, 'world')
  await stalled.send('WORLD').catch(() => {})

  expect(await answerOf(fetch(link))).toEqual([200, 'hello world'])
})

test('a writer that stalls is displaced by one on another replica', async () => {
  const one = await makeApp()
  const two = await makeApp({ DATA_DIR: one.dataDir, DATABASE_URL: one.databaseUrl })
  const { url, link } = await createResumable(one, 11)
  const onTwo = url.replace(one.url, two.url)
  const stalled = await stalledWriter(url, 'hello ', 11)
  await untilNoted(one, 6)

  expect(await offsetOf(onTwo)).toBe(6)
  await patch(onTwo, 6, 'world')
  await stalled.send('WORLD').catch(() => {})

  expect(await answerOf(fetch(link))).toEqual([200, 'hello world'])
})

test('a clock that is far ahead does not take the lock from a writer on another replica, which keeps what it has received', async () => {
  const one = await makeApp()
  const two = await makeApp({ DATA_DIR: one.dataDir, DATABASE_URL: one.databaseUrl })
  const { url, link } = await createResumable(one, 11)
  const onTwo = url.replace(one.url, two.url)
  await stalledWriter(url, 'hello ', 11)
  await untilNoted(one, 6)

  two.leap(20 * 60_000)
  await two.maintenance.clean()

  expect(await offsetOf(onTwo)).toBe(6) // it was asked to release the lock, and did
  await patch(onTwo, 6, 'world')
  expect(await answerOf(fetch(link))).toEqual([200, 'hello world'])
})

test('a clock that is set does not end the lock of its own writer', async () => {
  const app = await makeApp()
  const { url, link } = await createResumable(app, 11)
  const writer = await stalledWriter(url, 'hello ', 11)
  await untilNoted(app, 6)

  app.leap(20 * 60_000)
  await writer.send('world')

  expect((await writer.answer()).status).toBe(204)
  expect(await answerOf(fetch(link))).toEqual([200, 'hello world'])
})

test('of two parallel writes from the same offset, one is refused', async () => {
  const app = await makeApp()
  const { url, link } = await createResumable(app, 5)

  const answers = await Promise.all([patch(url, 0, 'hello'), patch(url, 0, 'HELLO')])

  const [taken, refused] = answers.map(({ status }) => status).sort()
  expect(taken).toBe(204)
  expect([409, 423]).toContain(refused)
  const winner = answers[0]?.status === 204 ? 'hello' : 'HELLO'
  expect(await answerOf(fetch(link))).toEqual([200, winner])
})

test('a writer whose process died blocks others no longer than its lease', async () => {
  const one = await makeApp()
  const two = await makeApp({ DATA_DIR: one.dataDir, DATABASE_URL: one.databaseUrl })
  const { url } = await createResumable(one, 11)
  const onTwo = url.replace(one.url, two.url)
  await stalledWriter(url, 'hello ', 11)
  await waitUntil(() => unfinishedBytes(one) === 6)
  await two.letTimePass(10_000)

  expect([0, 6]).toContain(await offsetOf(onTwo)) // 6 where the machine was slow enough for the bytes to be noted
})

/**
 * A process that was frozen continues where it stood, as if no time had passed: here its clock stands still while the other one's
 * lease for it runs out.
 */
async function givenWriterWhoLostTheTurn() {
  const one = await makeApp()
  const two = await makeApp({ DATA_DIR: one.dataDir, DATABASE_URL: one.databaseUrl })
  const { url, link } = await createResumable(one, 11)
  const frozen = await stalledWriter(url, 'hello ', 11)
  await waitUntil(() => unfinishedBytes(one) === 6)
  await two.letTimePass(10_000)
  return { frozen, onTwo: url.replace(one.url, two.url), link }
}

test('a writer that does not know that it lost the lock changes nothing of what was finished since', async () => {
  const { frozen, onTwo, link } = await givenWriterWhoLostTheTurn()
  const offset = await offsetOf(onTwo)

  expect((await patch(onTwo, offset, 'HELLO WORLD'.slice(offset))).status).toBe(204)
  await frozen.send('world')

  expect((await frozen.answer()).status).toBeGreaterThanOrEqual(400)
  expect(await answerOf(fetch(link))).toEqual([200, `${'hello '.slice(0, offset)}${'HELLO WORLD'.slice(offset)}`])
})

test('nor when it has all bytes before the writer that holds the lock', async () => {
  const { frozen, onTwo, link } = await givenWriterWhoLostTheTurn()
  const offset = await offsetOf(onTwo)
  expect((await patch(onTwo, offset, 'HELLO'.slice(offset))).status).toBe(204)

  await frozen.send('world')
  const { status } = await frozen.answer()
  const between = await fetch(link)
  await patch(onTwo, Math.max(offset, 5), 'HELLO WORLD'.slice(Math.max(offset, 5)))

  expect([status >= 400, between.status]).toEqual([true, 404])
  expect(await answerOf(fetch(link))).toEqual([200, `${'hello '.slice(0, offset)}${'HELLO WORLD'.slice(offset)}`])
})
