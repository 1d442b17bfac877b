import { describe, expect, test } from 'vitest'
import { givenFile } from '../../helpers/client.ts'
import { makeApp, sharedApp, type TestApp } from '../../helpers/make-app.ts'
import { ask, askUnlocked, blobsOf, bodyOf, cutAfter, get, noise, open, sha256 } from './ask.ts'
import { statusesIn } from './given.ts'

const app = sharedApp()

const MB = 1_000_000
const MINUTE = 60_000

/** More than all buffers between two sockets hold: who cuts it early has not been handed all of it. */
const SIZE = 20 * MB
const CONTENT = noise(SIZE)

const CURL = { 'User-Agent': 'curl/8.5.0' }
const WGET = { 'User-Agent': 'Wget/1.21.4' }
const BROWSER = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }

const givenBigFile = (app: TestApp, options: object = { oneShot: true }) => givenFile(app, options, CONTENT, 'big.bin')

const from = (offset: number): string => `bytes=${offset}-`

/** The cookie of an answer, as a browser sends it back. */
const cookieOf = (setCookie: string[] | undefined): string => (setCookie?.[0] ?? '').split(';')[0] ?? ''

describe('an aborted download of a one-shot file', () => {
  test('continues where it stopped and is whole', async () => {
    const app = await makeApp()
    const { url, upload } = await givenBigFile(app)

    const first = await cutAfter(3 * MB, url, { headers: CURL })
    const rest = await askUnlocked(url, { headers: { ...CURL, Range: from(first.length) } })

    expect(rest.status).toBe(206)
    expect(rest.headers['content-range']).toBe(`bytes ${first.length}-${SIZE - 1}/${SIZE}`)
    expect(sha256(Buffer.concat([first, rest.body]))).toBe(sha256(CONTENT))
    expect((await get(url, CURL)).body.toString()).toMatch(/ : deleted\n$/) // a second copy would be the third that is handed out
    expect((await get(url, WGET)).headers['retry-after']).toBe('60') // download managers may still ask for a piece
    app.advance(MINUTE)
    await app.maintenance.clean()
    expect(await statusesIn(app, upload.id)).toEqual(['deleted'])
    await expect.poll(() => blobsOf(app)).toEqual([])
  })

  test('continues with If-Range, after many cuts', async () => {
    const { url } = await givenBigFile(app)
    const { headers } = await ask(url, { method: 'HEAD' })
    const etag = headers.etag ?? ''
    const pieces = [await cutAfter(2 * MB, url, { headers: CURL })]

    for (const bytes of [1, 500_000, 4 * MB]) {
      const offset = Buffer.concat(pieces).length
      await askUnlocked(url, { headers: { ...CURL, Range: `bytes=${offset}-${offset}` } }) // waits, and fetches one byte
      pieces.push(await cutAfter(bytes, url, { headers: { ...CURL, Range: from(offset), 'If-Range': etag } }))
    }
    const got = Buffer.concat(pieces)
    const rest = await askUnlocked(url, { headers: { ...CURL, Range: from(got.length), 'If-Range': etag } })

    expect(sha256(Buffer.concat([got, rest.body]))).toBe(sha256(CONTENT))
    expect((await get(url, CURL)).status).toBe(404)
  })

  test('may start anew, for a client that knows no ranges', async () => {
    const { url } = await givenBigFile(app)

    await cutAfter(3 * MB, url, { headers: CURL })
    const again = await askUnlocked(url, { headers: CURL })

    expect(again.status).toBe(200)
    expect(sha256(again.body)).toBe(sha256(CONTENT))
    expect((await get(url, CURL)).status).toBe(404)
  })

  test('can be neither resumed nor restarted by another client', async () => {
    const { url } = await givenBigFile(app)

    const first = await cutAfter(3 * MB, url, { headers: CURL })
    const refused = [
      await get(url, WGET),
      await get(url, { ...WGET, Range: from(first.length) }),
      await get(url, { ...WGET, Range: 'bytes=0-0' }),
      await get(url, BROWSER),
      await get(url, { ...BROWSER, Cookie: 'mayfly-download=guess' }),
      await get(url, { 'User-Agent': '' }),
      await get(url, { ...WGET, 'X-Forwarded-For': '127.0.0.1' }),
    ]
    const rest = await askUnlocked(url, { headers: { ...CURL, Range: from(first.length) } })

    expect(refused.map(({ status }) => status)).toEqual([423, 423, 423, 423, 423, 423, 423])
    expect(Math.max(...refused.map(({ body }) => body.length))).toBeLessThan(200)
    expect(sha256(Buffer.concat([first, rest.body]))).toBe(sha256(CONTENT))
  })

  test('says to others when to come back', async () => {
    const app = await makeApp({ CLAIM_WINDOW: '10m' })
    const { url } = await givenBigFile(app)

    await cutAfter(3 * MB, url, { headers: CURL })
    const { headers, body } = await get(url, WGET)

    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(600)
    expect(headers['cache-control']).toBe('no-store')
    expect(headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(body.toString()).toBe('this file is being downloaded by someone else and may be gone afterwards\n')
  })

  test('is still one while it runs: the same client can have no second', async () => {
    const { url } = await givenBigFile(app)

    const running = await open(url, { headers: CURL })
    const second = await get(url, CURL)
    const part = await get(url, { ...CURL, Range: 'bytes=-10' })

    expect([second.status, part.status]).toEqual([423, 423])
    expect(sha256(await bodyOf(running))).toBe(sha256(CONTENT))
    expect((await get(url, CURL)).status).toBe(404)
  })
})

describe('a browser', () => {
  test('is known again by a cookie, which scripts cannot read', async () => {
    const app = await makeApp({ CLAIM_WINDOW: '10m' })
    const { url } = await givenBigFile(app)

    const reader = await open(url, { headers: BROWSER })
    reader.destroy()

    expect(reader.headers['set-cookie']).toHaveLength(1)
    expect(reader.headers['set-cookie']?.[0]).toMatch(
      /^mayfly-download=[\w-]{32}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
    )
  })

  test('resumes by the name that a page gave it, without a cookie', async () => {
    const { url } = await givenBigFile(app)
    const [named, other] = [`${url}?holder=${'a'.repeat(16)}`, `${url}?holder=${'a'.repeat(15)}b`]
    const first = await cutAfter(3 * MB, named, { headers: BROWSER })

    const strangers = [await get(other, BROWSER), await get(`${url}?holder=short`, BROWSER), await get(url, CURL)]
    const rest = await askUnlocked(named, { headers: { ...BROWSER, Range: from(first.length) } })

    expect(strangers.map(({ status }) => status)).toEqual([423, 423, 423])
    expect(rest.headers['set-cookie']).toBeUndefined()
    expect(sha256(Buffer.concat([first, rest.body]))).toBe(sha256(CONTENT))
  })

  test('resumes with its cookie, while the same browser without it waits', async () => {
    const { url } = await givenBigFile(app)
    const reader = await open(url, { headers: { ...BROWSER, Range: 'bytes=0-2999999' } })
    const cookie = { ...BROWSER, Cookie: cookieOf(reader.headers['set-cookie']) }
    const first = await bodyOf(reader)

    const stranger = await get(url, BROWSER)
    const liar = await get(url, { ...BROWSER, Cookie: 'mayfly-download=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' })
    const rest = await askUnlocked(url, { headers: { ...cookie, Range: from(first.length) } })

    expect([stranger.status, liar.status]).toEqual([423, 423])
    expect(stranger.headers['set-cookie']).toBeUndefined()
    expect(rest.status).toBe(206)
    expect(rest.headers['set-cookie']).toBeUndefined()
    expect(sha256(Buffer.concat([first, rest.body]))).toBe(sha256(CONTENT))
    expect((await get(url, cookie)).status).toBe(404)
  })

  test('gets a cookie with Secure where everything is HTTPS', async () => {
    const app = await makeApp({ ENHANCED_WEB_SECURITY: 'true' })
    const { url } = await givenFile(app, { oneShot: true })

    expect((await get(url, BROWSER)).headers['set-cookie']?.[0]).toContain('; Secure')
  })

  test('gets no cookie for what has no limit', async () => {
    const { url } = await givenFile(app)

    expect((await get(url, BROWSER)).headers['set-cookie']).toBeUndefined()
  })

  test('and curl get none for asking, only for getting', async () => {
    const { url } = await givenFile(app, { oneShot: true })

    expect((await ask(url, { method: 'HEAD', headers: BROWSER })).headers['set-cookie']).toBeUndefined()
    expect((await get(url, { ...BROWSER, Range: 'bytes=99-' })).headers['set-cookie']).toBeUndefined()
    expect((await get(url, CURL)).headers['set-cookie']).toBeUndefined()
  })
})

describe('the window of a claim', () => {
  test('lets its holder continue until its last millisecond', async () => {
    const app = await makeApp({ CLAIM_WINDOW: '10m' })
    const { url } = await givenBigFile(app)
    const first = await cutAfter(3 * MB, url, { headers: CURL })
    await askUnlocked(url, { headers: { ...CURL, Range: 'bytes=0-0' } })

    app.advance(10 * MINUTE - 1)
    await app.maintenance.clean()
    const rest = await get(url, { ...CURL, Range: from(first.length) })

    expect(rest.status).toBe(206)
    expect(sha256(Buffer.concat([first, rest.body]))).toBe(sha256(CONTENT))
  })

  test('spends the claim when it expires: the file and its bytes are deleted', async () => {
    const app = await makeApp({ CLAIM_WINDOW: '10m' })
    const { url, upload } = await givenBigFile(app)
    const first = await cutAfter(3 * MB, url, { headers: CURL })
    await askUnlocked(url, { headers: { ...CURL, Range: 'bytes=0-0' } })

    app.advance(10 * MINUTE)
    const report = await app.maintenance.clean()

    expect(report).toMatchObject({ lapsedClaims: 1, deletedFiles: 1, freedBytes: SIZE })
    expect(blobsOf(app)).toEqual([])
    expect((await get(url, { ...CURL, Range: from(first.length) })).body.toString()).toMatch(/ : deleted\n$/)
    expect((await get(url, WGET)).status).toBe(404)
    expect(await statusesIn(app, upload.id)).toEqual(['deleted'])
  })

  test('ends at its very millisecond, whether or not anything was cleaned', async () => {
    const app = await makeApp({ CLAIM_WINDOW: '10m' })
    const { url, file } = await givenFile(app, { oneShot: true }, '0123456789')
    await get(url, { ...CURL, Range: 'bytes=0-4' })

    app.advance(10 * MINUTE - 1)
    const others = await get(url, WGET)
    app.advance(1)
    const holder = await get(url, { ...CURL, Range: 'bytes=5-9' })
    const later = await get(url, WGET)

    expect([others.status, others.headers['retry-after']]).toEqual([423, '1'])
    expect(holder.status).toBe(404)
    expect(holder.body.toString()).toBe(`file file.txt (${file.id}) is not available : deleted\n`)
    expect(later.status).toBe(404)
  })

  test('of one copy of two does not spend the other', async () => {
    const app = await makeApp({ CLAIM_WINDOW: '10m' })
    const { url } = await givenFile(app, { maxDownloads: 2 }, '0123456789')
    await get(url, { ...CURL, Range: 'bytes=0-4' })

    app.advance(10 * MINUTE)
    expect(await app.maintenance.clean()).toMatchObject({ lapsedClaims: 1, deletedFiles: 0 })

    expect((await get(url, WGET)).body.toString()).toBe('0123456789')
    expect((await get(url, WGET)).status).toBe(404)
  })

  test('spends a claim once, however often it is cleaned', async () => {
    const app = await makeApp({ CLAIM_WINDOW: '10m' })
    const { url } = await givenFile(app, { maxDownloads: 3 }, '0123456789')
    await get(url, { ...CURL, Range: 'bytes=0-4' })
    app.advance(10 * MINUTE)

    await Promise.all([app.maintenance.clean(), app.maintenance.purge(), app.maintenance.clean()])
    await app.maintenance.clean()

    expect((await get(url)).status).toBe(200)
    expect((await get(url)).status).toBe(200)
    expect((await get(url)).status).toBe(404)
  })
})
