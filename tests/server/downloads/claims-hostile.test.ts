import { unlinkSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createUpload, givenFile } from '../../helpers/client.ts'
import { migratedDatabase, temporaryFolder } from '../../helpers/database.ts'
import { makeApp, sharedApp, type TestApp } from '../../helpers/make-app.ts'
import {
  ask,
  askUnlocked,
  blobsOf,
  bodyOf,
  connected,
  cutAfter,
  get,
  inOneSweep,
  noise,
  open,
  rawGet,
  sha256,
  textOf,
} from './ask.ts'

const app = sharedApp()

const CONTENT = 'the one and only'
const CURL = { 'User-Agent': 'curl/8.5.0' }
const WGET = { 'User-Agent': 'Wget/1.21.4' }

const MB = 1_000_000
const BIG = noise(20 * MB)

/** A second server on the same database and the same folder of files. */
async function givenReplicas(): Promise<[TestApp, TestApp]> {
  const shared = { DATABASE_URL: await migratedDatabase(), DATA_DIR: temporaryFolder() }
  return [await makeApp(shared), await makeApp(shared)]
}

/** The link of a file on another replica. */
const at = (app: TestApp, url: string): string => app.url + new URL(url).pathname

/**
 * Asks for `url` on a connection that is stuck behind an answer which nobody reads: the server hands over the only chunk
 * and waits for ever for it to leave.
 */
async function readerStuckAtTheEnd(app: TestApp, url: string) {
  const { url: plug } = await givenFile(app, {}, BIG, 'plug.bin')
  const socket = await connected(app, rawGet(plug, { Connection: 'keep-alive' }) + rawGet(url, CURL))
  await expect.poll(async () => (await ask(url, { method: 'HEAD' })).status).toBe(404)
  return socket
}

describe('two replicas', () => {
  test('give one copy of a one-shot file to one of 20 readers', async () => {
    const [one, two] = await givenReplicas()
    const { url } = await givenFile(one, { oneShot: true }, CONTENT)
    const request = (index: number) => rawGet(url, { 'User-Agent': `reader-${index}` })

    const answers = await Promise.all([inOneSweep(one, 10, request), inOneSweep(two, 10, (i) => request(i + 10))])

    expect(answers.flat().join('').split(CONTENT)).toHaveLength(2)
    expect(answers.flat().filter((answer) => /^HTTP\/1\.1 (423|404) /.test(answer))).toHaveLength(19)
  })

  test('give three copies of a file for three', async () => {
    const [one, two] = await givenReplicas()
    const { url } = await givenFile(one, { maxDownloads: 3 }, CONTENT)

    const answers = await Promise.all([one, two].map((app) => inOneSweep(app, 10, () => rawGet(url, CURL))))

    expect(answers.flat().join('').split(CONTENT)).toHaveLength(4)
  })

  test('let a client that was interrupted on one resume on the other, and no other client', async () => {
    const [one, two] = await givenReplicas()
    const { url } = await givenFile(one, { oneShot: true }, BIG, 'big.bin')

    const first = await cutAfter(2 * MB, url, { headers: CURL })
    const stranger = await get(at(two, url), WGET)
    const rest = await askUnlocked(at(two, url), { headers: { ...CURL, Range: `bytes=${first.length}-` } })

    expect(stranger.status).toBe(423)
    expect(sha256(Buffer.concat([first, rest.body]))).toBe(sha256(BIG))
    expect((await get(url, CURL)).status).toBe(404)
  })

  test('keep a running transfer from being begun again at the other', async () => {
    const [one, two] = await givenReplicas()
    const { url } = await givenFile(one, { oneShot: true }, BIG, 'big.bin')

    const running = await open(url, { headers: CURL })

    expect((await get(at(two, url), CURL)).status).toBe(423)
    expect(sha256(await bodyOf(running))).toBe(sha256(BIG))
    expect((await get(at(two, url), CURL)).status).toBe(404)
  })
})

describe('a client that disconnects just before the last bytes are sent', () => {
  test('may resume, and no other client got them meanwhile', async () => {
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)

    const stuck = await readerStuckAtTheEnd(app, url)
    const meanwhile = [(await get(url, CURL)).status, (await get(url, WGET)).status]
    stuck.destroy()

    await expect.poll(async () => (await ask(url, { method: 'HEAD' })).status).toBe(423)
    expect(meanwhile).toEqual([404, 404])
    expect((await get(url, WGET)).status).toBe(423)
    expect((await askUnlocked(url, { headers: CURL })).body.toString()).toBe(CONTENT)
    expect((await get(url, CURL)).status).toBe(404)
  })

  test('finds the bytes still there after a purge in between', async () => {
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)

    const stuck = await readerStuckAtTheEnd(app, url)
    await app.maintenance.purge()
    stuck.destroy()

    await expect.poll(async () => (await ask(url, { method: 'HEAD' })).status).toBe(423)
    expect((await askUnlocked(url, { headers: CURL })).body.toString()).toBe(CONTENT)
  })

  test('does not bring back what its owner removed in between', async () => {
    const app = await makeApp()
    const { url, upload } = await givenFile(app, { oneShot: true }, CONTENT)

    const stuck = await readerStuckAtTheEnd(app, url)
    await ask(url, { method: 'DELETE', headers: { 'X-UploadToken': upload.uploadToken } })
    stuck.destroy()

    await expect.poll(() => blobsOf(app)).toHaveLength(1) // the plug's
    expect((await get(url, CURL)).status).toBe(404)
  })

  test('whose server stood still for longer than its lease does not bring a file back whose bytes are being deleted', async () => {
    const [frozen, other] = await givenReplicas()
    const { url } = await givenFile(frozen, { oneShot: true }, CONTENT)
    const [blob] = blobsOf(frozen)
    const stuck = await readerStuckAtTheEnd(frozen, url)

    await other.letTimePass(60_000)
    unlinkSync(blob as string) // by the other one, which will note it next
    stuck.destroy()
    await frozen.close() // once all that was under way has ended

    expect((await get(at(other, url), CURL)).status).toBe(404)
  })

  test('whose server stood still does not take its lease back either', async () => {
    const [frozen, other] = await givenReplicas()
    const { url } = await givenFile(frozen, { oneShot: true }, CONTENT)
    await readerStuckAtTheEnd(frozen, url)

    await other.letTimePass(60_000)
    await frozen.maintenance.clean()
    await other.maintenance.clean()

    expect(blobsOf(other)).toHaveLength(1) // the plug's
  })

  test('and asks ten times at once then still gets one copy', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)
    const stuck = await readerStuckAtTheEnd(app, url)
    stuck.resetAndDestroy()
    await expect.poll(async () => (await ask(url, { method: 'HEAD' })).status).toBe(423)

    const answers = await inOneSweep(app, 10, () => rawGet(url, CURL))

    expect(answers.join('').split(CONTENT)).toHaveLength(2)
    expect((await get(url)).status).toBe(404)
  })

  test('and has come back twice at once is served once', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { oneShot: true }, BIG, 'big.bin')
    await cutAfter(MB, url, { headers: CURL })
    await askUnlocked(url, { headers: { ...CURL, Range: 'bytes=0-0' } })

    const answers = await inOneSweep(app, 5, () => rawGet(url, { ...CURL, Range: 'bytes=1-' }))

    expect(answers.filter((answer) => answer.startsWith('HTTP/1.1 206 '))).toHaveLength(1)
    expect(answers.filter((answer) => /^HTTP\/1\.1 (423|404) /.test(answer))).toHaveLength(4)
  })
})

describe('a running download of a one-shot file', () => {
  test('outlives a clock that leaps past its window', async () => {
    const app = await makeApp({ CLAIM_WINDOW: '10m' })
    const { url } = await givenFile(app, { oneShot: true }, BIG, 'big.bin')

    const running = await open(url, { headers: CURL })
    app.leap(60 * 60_000)
    const report = await app.maintenance.clean()

    expect(report.lapsedClaims).toBe(0)
    expect((await get(url, WGET)).status).toBe(423)
    expect(sha256(await bodyOf(running))).toBe(sha256(BIG))
    expect((await get(url, WGET)).status).toBe(404)
  })

  test('outlives a clock of another replica that is far ahead, on which no other client gets it either', async () => {
    const [one, two] = await givenReplicas()
    const { url } = await givenFile(one, { oneShot: true }, BIG, 'big.bin')

    const running = await open(url, { headers: CURL })
    two.leap(20 * 60_000)
    const report = await two.maintenance.clean()

    expect(report).toMatchObject({ lapsedClaims: 0, deletedFiles: 0 })
    expect((await get(at(two, url), WGET)).status).toBe(423)
    expect((await get(at(two, url), CURL)).status).toBe(423)
    expect(sha256(await bodyOf(running))).toBe(sha256(BIG))
    expect((await get(at(two, url), CURL)).status).toBe(404)
  })

  test('whose replica died can be resumed by its client after the minute in Retry-After', async () => {
    const [dying, other] = await givenReplicas()
    const { url } = await givenFile(dying, { oneShot: true }, BIG, 'big.bin')
    const running = await open(url, { headers: CURL }) // its lease is renewed no more
    onTestFinished(() => void running.destroy())

    const early = await get(at(other, url), CURL)
    const stranger = await get(at(other, url), WGET)
    const wait = Number(early.headers['retry-after'])
    await other.letTimePass(wait * 1000)
    const late = await get(at(other, url), CURL)

    expect([early.status, stranger.status, late.status]).toEqual([423, 423, 200])
    expect(wait).toBe(65)
    expect(Number(stranger.headers['retry-after'])).toBeGreaterThan(500)
  })

  test('comes to its end when the upload expires meanwhile', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { oneShot: true, ttl: 60 }, BIG, 'big.bin')

    const running = await open(url, { headers: CURL })
    app.advance(60_000)
    await app.maintenance.clean()

    expect(blobsOf(app)).toEqual([])
    expect(sha256(await bodyOf(running))).toBe(sha256(BIG))
    expect((await get(url, CURL)).body.toString()).toMatch(/ has expired\n$/)
  })

  test('that is removed by its owner can’t be resumed', async () => {
    const app = await makeApp()
    const { url, upload } = await givenFile(app, { oneShot: true }, BIG, 'big.bin')

    const first = await cutAfter(MB, url, { headers: CURL })
    await ask(url, { method: 'DELETE', headers: { 'X-UploadToken': upload.uploadToken } })

    expect((await get(url, { ...CURL, Range: `bytes=${first.length}-` })).body.toString()).toMatch(/ : deleted\n$/)
    await expect.poll(() => blobsOf(app)).toEqual([])
  })

  test('whose client closes its half of the connection loses nothing: it may ask again', async () => {
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)
    const socket = await connected(app)

    socket.end(rawGet(url, CURL))
    expect(await textOf(socket)).toBe('') // Node ends its half as well

    await expect.poll(async () => (await get(url, CURL)).body.toString()).toBe(CONTENT)
    expect((await get(url, CURL)).status).toBe(404)
  })
})

describe('what does not get around a claim', () => {
  test.each([
    ['another spelling of the path', (url: string) => url.replace('/file/', '//file//')],
    ['another spelling of the name', (url: string) => url.replace('file.txt', '%66ile.txt')],
    ['a folder in front of the name', (url: string) => url.replace('file.txt', 'x/file.txt')],
    ['a query', (url: string) => `${url}?dl=1&x=${'y'.repeat(100)}`],
    ['the path of streams', (url: string) => url.replace('/file/', '/stream/')],
  ])('%s', async (_, disguised) => {
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)
    await get(url, { ...CURL, Range: 'bytes=0-3' })

    const reply = await get(disguised(url), WGET)

    expect([423, 404]).toContain(reply.status)
    expect(reply.body.toString()).not.toContain('only')
  })

  test.each([
    { 'X-HTTP-Method-Override': 'HEAD' },
    { 'X-UploadToken': 'guess' },
    { Cookie: 'mayfly-download=a; mayfly-download=b' },
    { 'If-Match': '*' },
    { 'Accept-Ranges': 'none', Range: 'bytes=0-1,2-15' },
    { Expect: '100-continue' },
    { 'Cache-Control': 'only-if-cached' },
  ])('%j', async (headers) => {
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)
    await get(url, { ...CURL, Range: 'bytes=0-3' })

    const reply = await get(url, { ...WGET, ...headers })

    expect(reply.status).toBe(423)
    expect(reply.body.toString()).not.toContain('only')
  })

  test('deleting a file that others read does not bring its claims back', async () => {
    const { url } = await givenFile(app, { oneShot: true, removable: true }, CONTENT)
    await get(url, CURL)

    expect((await ask(url, { method: 'DELETE' })).status).toBe(200)
    expect((await get(url, WGET)).status).toBe(404)
  })

  test('a limit of zero, less or far too many is not accepted', async () => {
    await expect(createUpload(app, { maxDownloads: -1 })).rejects.toThrow('400')
    await expect(createUpload(app, { maxDownloads: 1_000_001 })).rejects.toThrow('400')
    await expect(createUpload(app, { maxDownloads: 1.5 })).rejects.toThrow('400')
    expect(await createUpload(app, { oneShot: true, maxDownloads: 50 })).toMatchObject({ oneShot: true })
  })

  test('more than one download asked for beside one-shot is still one', async () => {
    const { url } = await givenFile(app, { oneShot: true, maxDownloads: 50 }, CONTENT)

    expect((await get(url)).status).toBe(200)
    expect((await get(url)).status).toBe(404)
  })
})
