import { describe, expect, test } from 'vitest'
import { createUpload, givenFile } from '../../helpers/client.ts'
import { makeApp, sharedApp } from '../../helpers/make-app.ts'
import { ask, get } from './ask.ts'
import { givenDeclaredFile } from './given.ts'

const app = sharedApp()

const SHA256_OF_HELLO = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
const HELLO_IN_BASE64 = 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ='

describe('a file is served', () => {
  test('with every header that says what it is and how to resume it', async () => {
    const { url } = await givenFile(app, {}, 'hello', 'note.txt')

    const { status, headers, body } = await get(url)

    expect(status).toBe(200)
    expect(body.toString()).toBe('hello')
    expect(headers).toMatchObject({
      'content-length': '5',
      'accept-ranges': 'bytes',
      etag: `"${SHA256_OF_HELLO}"`,
      'repr-digest': `sha-256=:${HELLO_IN_BASE64}:`,
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': `inline; filename="note.txt"; filename*=UTF-8''note.txt`,
    })
    expect(headers['transfer-encoding']).toBeUndefined()
    expect(headers['content-encoding']).toBeUndefined()
  })

  test('with the moment of its upload as Last-Modified', async () => {
    const { url } = await givenFile(app)

    const { headers } = await get(url)

    expect(headers['last-modified']).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/)
    expect(Math.abs(Date.parse(headers['last-modified'] ?? '') - Date.now())).toBeLessThan(60_000)
  })

  test('so that nothing in it runs, is framed, sniffed, indexed or told to others', async () => {
    const { url } = await givenFile(app)

    const { headers } = await get(url)

    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex, nofollow',
    })
    const policy = headers['content-security-policy']?.toString().split('; ')
    expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "frame-ancestors 'none'", 'sandbox']))
    expect(headers['content-security-policy']).not.toMatch(/allow-|script-src|unsafe/)
  })

  test('under the path of streams as under the path of files', async () => {
    const { url } = await givenFile(app, {}, 'hello')

    const response = await get(url.replace('/file/', '/stream/'))

    expect(response.body.toString()).toBe('hello')
  })

  test('without a body that could have been compressed', async () => {
    const { url } = await givenFile(app, {}, 'a'.repeat(5_000))

    const { headers, body } = await get(url, { 'Accept-Encoding': 'gzip, br, zstd' })

    expect(headers['content-encoding']).toBeUndefined()
    expect(body).toHaveLength(5_000)
  })
})

describe('an empty file is served', () => {
  test('as nothing at all, with its length', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, {}, '')

    const { status, headers, body } = await get(url)

    expect(status).toBe(200)
    expect(headers['content-length']).toBe('0')
    expect(headers['content-type']).toBe('application/octet-stream')
    expect(headers['repr-digest']).toBe('sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:')
    expect(body).toHaveLength(0)
  })

  test('whole when a part of it is asked for', async () => {
    const { url } = await givenFile(app, {}, '')

    expect((await get(url, { Range: 'bytes=0-' })).status).toBe(200)
  })
})

describe('Content-Disposition', () => {
  test.each([
    ['two words.txt', `inline; filename="two words.txt"; filename*=UTF-8''two%20words.txt`],
    ['say "hi" \\o.txt', `inline; filename="say \\"hi\\" \\\\o.txt"; filename*=UTF-8''say%20%22hi%22%20%5Co.txt`],
    ['a;b=c.txt', `inline; filename="a;b=c.txt"; filename*=UTF-8''a%3Bb%3Dc.txt`],
    ['résumé.txt', `inline; filename="r_sum_.txt"; filename*=UTF-8''r%C3%A9sum%C3%A9.txt`],
    ['中文.txt', `inline; filename="__.txt"; filename*=UTF-8''%E4%B8%AD%E6%96%87.txt`],
    ["(it's 100%25*).txt", `inline; filename="(it's 100%25*).txt"; filename*=UTF-8''%28it%27s%20100%2525%2A%29.txt`],
  ])('names %s so that every client saves it under its name', async (name, disposition) => {
    const { url } = await givenDeclaredFile(app, name)

    expect((await get(url)).headers['content-disposition']).toBe(disposition)
  })

  test('is pure ASCII for emoji, which only filename* can carry', async () => {
    const { url } = await givenDeclaredFile(app, '🎉 party 👨‍👩‍👧.txt')

    const disposition = (await get(url)).headers['content-disposition'] ?? ''

    expect(disposition).toMatch(/^inline; filename="[\x20-\x7e]+"; filename\*=UTF-8''[\w%.-]+$/)
    expect(decodeURIComponent(disposition.split("''")[1] ?? '')).toBe('🎉 party 👨‍👩‍👧.txt')
  })

  test.each(['?dl=1', '?dl=true', '?x=y&dl=yes'])('says attachment for %s', async (query) => {
    const { url } = await givenFile(app)

    expect((await get(url + query)).headers['content-disposition']).toBe(
      `attachment; filename="file.txt"; filename*=UTF-8''file.txt`,
    )
  })

  test('says inline for an empty ?dl=', async () => {
    const { url } = await givenFile(app)

    expect((await get(`${url}?dl=`)).headers['content-disposition']).toBe(
      `inline; filename="file.txt"; filename*=UTF-8''file.txt`,
    )
  })
})

describe('what caches may keep', () => {
  test('is nothing shared, and nothing unasked, of an ordinary file', async () => {
    const { url } = await givenFile(app)

    expect((await get(url)).headers['cache-control']).toBe('private, no-cache')
  })

  test.each([{ oneShot: true }, { maxDownloads: 2 }])('is nothing at all with %j', async (options) => {
    const { url } = await givenFile(app, options)

    expect((await get(url)).headers).toMatchObject({
      'cache-control': 'no-cache, no-store, must-revalidate',
      pragma: 'no-cache',
      expires: '0',
    })
  })

  test('is nothing at all of what lies behind a password', async () => {
    const { url } = await givenFile(app, { login: 'ann', password: 'secret' })

    const { status, headers } = await get(url, { Authorization: `Basic ${btoa('ann:secret')}` })

    expect(status).toBe(200)
    expect(headers['cache-control']).toBe('no-cache, no-store, must-revalidate')
  })

  test('is no error', async () => {
    expect((await get(`${app.url}/file/nothing/here/x`)).headers['cache-control']).toBe('no-store')
  })
})

describe('HEAD', () => {
  test.each([
    ['an ordinary file', {}, 'hello'],
    ['an empty file', {}, ''],
    ['a file of a megabyte', {}, 'x'.repeat(1024 * 1024)],
    ['a limited file', { maxDownloads: 5 }, 'hello'],
    ['a one-shot file', { oneShot: true }, 'hello'],
  ])('of %s has the headers of GET and no body', async (_, options, content) => {
    const app = await makeApp()
    const { url } = await givenFile(app, options, content, '中文.txt')

    const head = await ask(url, { method: 'HEAD' })
    const got = await get(url)

    expect(head.status).toBe(200)
    expect(head.body).toHaveLength(0)
    expect(withoutDate(head.headers)).toEqual(withoutDate(got.headers))
  })

  test('says attachment as GET does', async () => {
    const { url } = await givenFile(app)

    const { headers } = await ask(`${url}?dl=1`, { method: 'HEAD' })

    expect(headers['content-disposition']).toBe(`attachment; filename="file.txt"; filename*=UTF-8''file.txt`)
  })

  test('refuses what GET refuses, without a body', async () => {
    const app = await makeApp()
    const { id } = await createUpload(app)

    const reply = await ask(`${app.url}/file/${id}/nothing/x`, { method: 'HEAD' })

    expect(reply.status).toBe(404)
    expect(reply.body).toHaveLength(0)
  })

  test('ignores ranges', async () => {
    const { url } = await givenFile(app)

    const reply = await ask(url, { method: 'HEAD', headers: { Range: 'bytes=1-2' } })

    expect(reply.status).toBe(200)
    expect(reply.headers['content-length']).toBe('5')
  })
})

function withoutDate({ date: _date, ...headers }: Record<string, unknown>): Record<string, unknown> {
  return headers
}
