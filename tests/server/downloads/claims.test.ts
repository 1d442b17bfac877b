import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { givenFile } from '../../helpers/client.ts'
import { makeApp, sharedApp } from '../../helpers/make-app.ts'
import { ask, blobsOf, connected, get, inOneSweep, noise, rawGet, sha256, statusesOf, textOf } from './ask.ts'
import { statusesIn } from './given.ts'

const app = sharedApp()

const CONTENT = 'the one and only'

const copiesIn = (answers: string[]): number => answers.filter((answer) => answer.includes(CONTENT)).length

const ua = (index: number): Record<string, string> => ({ 'User-Agent': `reader-${index}` })

describe('a one-shot file', () => {
  test('that 20 readers ask for in the same instant goes to one of them', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)

    const answers = await inOneSweep(app, 20, (index) => rawGet(url, ua(index)))

    expect(copiesIn(answers)).toBe(1)
    expect(answers.filter((answer) => answer.startsWith('HTTP/1.1 200 '))).toHaveLength(1)
    expect(answers.filter((answer) => /^HTTP\/1\.1 (423|404) /.test(answer))).toHaveLength(19)
    expect(answers.join('').split('the one')).toHaveLength(2)
  })

  test('that one client asks for 20 times in the same instant comes once', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)

    const answers = await inOneSweep(app, 20, () => rawGet(url, { 'User-Agent': 'curl/8.5.0' }))

    expect(copiesIn(answers)).toBe(1)
  })

  test('that one browser asks for 20 times in the same instant comes once, with or without a cookie', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)
    const browser = { 'User-Agent': 'Mozilla/5.0' }

    const answers = await inOneSweep(app, 20, (index) =>
      rawGet(url, index < 10 ? browser : { ...browser, Cookie: 'mayfly-download=same' }),
    )

    expect(copiesIn(answers)).toBe(1)
  })

  test('that 20 readers ask for in parts that are whole comes once', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)

    const answers = await inOneSweep(app, 20, (index) => rawGet(url, { ...ua(index), Range: 'bytes=0-' }))

    expect(copiesIn(answers)).toBe(1)
  })

  test('is reported as taken by HEAD meanwhile, except to the client that took it', async () => {
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)
    const head = (index: number) => ask(url, { method: 'HEAD', headers: ua(index) })

    const before = await head(2)
    await get(url, { ...ua(1), Range: 'bytes=0-3' })
    const [other, holder] = [await head(2), await head(1)]
    await get(url, { ...ua(1), Range: 'bytes=4-' })

    expect([before.status, other.status, holder.status]).toEqual([200, 423, 200])
    expect(Number(other.headers['retry-after'])).toBeGreaterThan(0)
    expect((await head(2)).status).toBe(404)
  })

  test('that is pipelined 10 times on one connection comes once', async () => {
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)
    const request = rawGet(url, { 'User-Agent': 'curl/8.5.0', Connection: 'keep-alive' })

    const answer = await textOf(await connected(app, request.repeat(10) + rawGet(url)))

    expect(answer.match(/HTTP\/1\.1 \d+/g)).toHaveLength(11)
    expect(answer.split(CONTENT)).toHaveLength(2)
  })

  test('under the paths of files and streams is one file', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)

    const answers = await inOneSweep(app, 20, (index) =>
      rawGet(index % 2 ? url : url.replace('/file/', '/stream/'), ua(index)),
    )

    expect(copiesIn(answers)).toBe(1)
  })

  test('of many megabytes goes whole to one of ten, and the others get not a byte of it', async () => {
    const app = await makeApp()
    const content = noise(4_000_000)
    const { url } = await givenFile(app, { oneShot: true }, content, 'big.bin')

    const answers = await inOneSweep(app, 10, (index) => rawGet(url, ua(index)))
    const winner = answers.find((answer) => answer.startsWith('HTTP/1.1 200 ')) ?? ''
    const losers = answers.filter((answer) => answer !== winner)

    expect(sha256(Buffer.from(winner.split('\r\n\r\n').slice(1).join('\r\n\r\n'), 'latin1'))).toBe(sha256(content))
    expect(statusesOf(losers).every((status) => status === 423 || status === 404)).toBe(true)
    expect(losers.every((answer) => answer.length < 2_000)).toBe(true)
  })

  test('is deleted the moment that its last byte was read, 20 times in a row', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { url, file } = await givenFile(app, { oneShot: true }, CONTENT)
      expect((await get(url)).body.toString()).toBe(CONTENT)
      const { status, body } = await get(url)
      expect(status).toBe(404)
      expect(body.toString()).toBe(`file file.txt (${file.id}) is not available : deleted\n`)
    }
  })

  test('that was read leaves no byte on the disk', async () => {
    const app = await makeApp()
    const { url, upload } = await givenFile(app, { oneShot: true }, CONTENT)
    expect(blobsOf(app)).toHaveLength(1)

    await get(url)

    await expect.poll(() => blobsOf(app)).toEqual([])
    expect(await statusesIn(app, upload.id)).toEqual(['deleted'])
  })

  test('that is empty is read once too', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { oneShot: true }, '')

    const answers = await inOneSweep(app, 10, (index) => rawGet(url, ua(index)))

    expect(answers.filter((answer) => answer.startsWith('HTTP/1.1 200 '))).toHaveLength(1)
    expect((await get(url)).body.toString()).toMatch(/ : deleted\n$/)
  })

  test('that has come and whose sibling has not can be read alone', async () => {
    const { url, upload } = await givenFile(app, { oneShot: true, files: [{ fileName: 'later.txt' }] }, CONTENT)
    const missing = `${app.url}/file/${upload.id}/${upload.files?.[0]?.id}/later.txt`

    expect((await get(missing)).body.toString()).toMatch(/ : missing\n$/)
    expect((await get(url)).status).toBe(200)
    expect(await statusesIn(app, upload.id)).toEqual(['missing', 'deleted'])
  })

  test('needs a claim also with the upload token', async () => {
    const { url, upload } = await givenFile(app, { oneShot: true }, CONTENT)

    expect((await get(url, { 'X-UploadToken': upload.uploadToken })).body.toString()).toBe(CONTENT)
    expect((await get(url, { 'X-UploadToken': upload.uploadToken })).status).toBe(404)
  })
})

describe('a file that may be downloaded three times', () => {
  test('goes to three of ten parallel requests', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { maxDownloads: 3 }, CONTENT)

    const answers = await inOneSweep(app, 10, (index) => rawGet(url, ua(index)))

    expect(copiesIn(answers)).toBe(3)
    expect(answers.filter((answer) => /^HTTP\/1\.1 (423|404) /.test(answer))).toHaveLength(7)
    expect((await get(url)).body.toString()).toMatch(/ : deleted\n$/)
  })

  test('is there after the second and gone after the third', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { maxDownloads: 3 }, CONTENT)

    expect((await get(url)).status).toBe(200)
    expect((await get(url)).status).toBe(200)
    expect(blobsOf(app)).toHaveLength(1)
    expect((await get(url)).status).toBe(200)
    expect((await get(url)).status).toBe(404)
    await expect.poll(() => blobsOf(app)).toEqual([])
  })
})

describe('a claim is not taken', () => {
  test.each([
    ['HEAD', 'HEAD', {}, 200],
    ['OPTIONS', 'OPTIONS', { Origin: 'https://a.example', 'Access-Control-Request-Method': 'GET' }, 204],
    ['what the client has already', 'GET', { 'If-None-Match': '*' }, 304],
    ['a condition that fails', 'GET', { 'If-Match': '"other"' }, 412],
    ['an impossible range', 'GET', { Range: 'bytes=99-' }, 416],
  ])('by %s', async (_, method, headers, status) => {
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)

    const reply = await ask(url, { method, headers: { ...headers, 'User-Agent': 'first' } })

    expect(reply.status).toBe(status)
    expect(reply.body.toString()).not.toContain(CONTENT)
    expect((await get(url, { 'User-Agent': 'second' })).body.toString()).toBe(CONTENT)
  })

  test('by metadata, a wrong name or a wrong password', async () => {
    const { url, upload } = await givenFile(app, { oneShot: true, login: 'ann', password: 'secret' }, CONTENT)
    const right = { Authorization: `Basic ${btoa('ann:secret')}` }

    expect((await get(`${app.url}/upload/${upload.id}`, right)).status).toBe(200)
    expect((await get(url.replace('file.txt', 'other.txt'), right)).status).toBe(400)
    expect((await get(url, { Authorization: `Basic ${btoa('ann:wrong')}` })).status).toBe(401)
    expect((await get(url, { ...right, 'User-Agent': 'second' })).body.toString()).toBe(CONTENT)
  })

  test.each([
    'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
    'Slack-ImgProxy (+https://api.slack.com/robots)',
    'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
    'Twitterbot/1.0',
    'TelegramBot (like TwitterBot)',
    'WhatsApp/2.23.20.0',
    'Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)',
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'LinkedInBot/1.0 (compatible; Mozilla/5.0)',
    'SkypeUriPreview Preview/0.5',
  ])('by %s, who would only show a preview', async (userAgent) => {
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)

    const { status, headers, body } = await get(url, { 'User-Agent': userAgent })

    expect(status).toBe(406)
    expect(body.toString()).toBe(
      'this link can be opened only a limited number of times, so there is no preview of it\n',
    )
    expect(headers['set-cookie']).toBeUndefined()
    expect((await get(url)).body.toString()).toBe(CONTENT)
  })

  test.each([
    { 'Sec-Purpose': 'prefetch' },
    { 'Sec-Purpose': 'prefetch;prerender' },
    { Purpose: 'prefetch' },
    { 'X-Purpose': 'preview' },
    { 'X-Moz': 'prefetch' },
  ])('by a browser that looks ahead: %j', async (headers) => {
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)

    expect((await get(url, { ...headers, 'User-Agent': 'Mozilla/5.0' })).status).toBe(406)
    expect((await get(url, { 'User-Agent': 'Mozilla/5.0' })).body.toString()).toBe(CONTENT)
  })

  test('by a bot that asks for the archive', async () => {
    const { upload, url } = await givenFile(app, { oneShot: true }, CONTENT)
    const headers = { 'User-Agent': 'Slackbot 1.0' }

    expect((await get(`${app.url}/archive/${upload.id}/a.zip`, headers)).status).toBe(406)
    expect((await ask(`${app.url}/archive/${upload.id}`, { method: 'POST', headers })).status).toBe(406)
    expect((await get(url)).status).toBe(200)
  })

  test('of a file without a limit: bots and prefetch get it', async () => {
    const { url } = await givenFile(app, {}, CONTENT)

    expect((await get(url, { 'User-Agent': 'Slackbot 1.0', 'Sec-Purpose': 'prefetch' })).status).toBe(200)
  })

  test('by a request that the lost bytes of the file fail', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { oneShot: true }, CONTENT)
    const [blob = ''] = blobsOf(app)
    const kept = readFileSync(blob)
    rmSync(blob)

    const failed = await get(url, { 'User-Agent': 'first' })
    writeFileSync(blob, kept)

    expect(failed.status).toBe(410)
    expect((await get(url, { 'User-Agent': 'second' })).body.toString()).toBe(CONTENT)
    expect((await get(url)).status).toBe(404)
  })
})

test('a person whose phone is named like a bot is served', async () => {
  const { url } = await givenFile(app, { oneShot: true }, 'hello')
  const phone = 'Mozilla/5.0 (Linux; Android 11; CUBOT X30) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36'

  const reply = await get(url, { 'User-Agent': phone })

  expect(reply.body.toString()).toBe('hello')
})
