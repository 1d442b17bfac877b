import { describe, expect, test } from 'vitest'
import { givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { ask, get, noise, sha256 } from './ask.ts'

const DIGITS = '0123456789'

async function givenDigits() {
  const app = await makeApp()
  return { app, ...(await givenFile(app, {}, DIGITS)) }
}

/** Last-Modified of `url`, moved. */
async function lastModified(url: string, seconds = 0): Promise<string> {
  const { headers } = await get(url)
  return new Date(Date.parse(headers['last-modified'] ?? '') + seconds * 1000).toUTCString()
}

const etagOf = async (url: string): Promise<string> => (await get(url)).headers.etag ?? ''

describe('a part of a file', () => {
  test.each([
    ['bytes=0-0', '0', 'bytes 0-0/10'],
    ['bytes=9-9', '9', 'bytes 9-9/10'],
    ['bytes=2-5', '2345', 'bytes 2-5/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=0-', '0123456789', 'bytes 0-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-99', '0123456789', 'bytes 0-9/10'],
    ['bytes=8-99', '89', 'bytes 8-9/10'],
    ['Bytes=1-2', '12', 'bytes 1-2/10'],
  ])('is served for %s', async (range, content, contentRange) => {
    const { url } = await givenDigits()

    const { status, headers, body } = await get(url, { Range: range })

    expect(status).toBe(206)
    expect(body.toString()).toBe(content)
    expect(headers['content-range']).toBe(contentRange)
    expect(headers['content-length']).toBe(String(content.length))
  })

  test('has all the headers of the whole but its length', async () => {
    const { url } = await givenDigits()
    const { headers: whole } = await get(url)

    const { headers } = await get(url, { Range: 'bytes=1-3' })

    expect({ ...headers, date: '' }).toEqual({
      ...whole,
      'content-length': '3',
      'content-range': 'bytes 1-3/10',
      date: '',
    })
  })

  test.each(['bytes=10-', 'bytes=10-20', 'bytes=-0', 'bytes=99999999999999999999-'])(
    'that lies outside, as %s does, is 416 with the true size',
    async (range) => {
      const { url } = await givenDigits()

      const { status, headers, body } = await get(url, { Range: range })

      expect(status).toBe(416)
      expect(headers['content-range']).toBe('bytes */10')
      expect(body.toString()).toBe('the range lies outside the 10 bytes\n')
    },
  )

  test.each([
    ['two', 'bytes=0-1,4-5'],
    ['the same byte thrice', 'bytes=0-0,0-0,0-0'],
    ['a thousand that overlap', `bytes=${'0-,'.repeat(1_000)}0-`],
  ])('is the whole when %s are asked for: no more than one copy goes out', async (_, range) => {
    const { url } = await givenDigits()

    const { status, headers, body } = await get(url, { Range: range })

    expect(status).toBe(200)
    expect(headers['content-range']).toBeUndefined()
    expect(body.toString()).toBe(DIGITS)
  })

  test.each(['bytes=', 'bytes=-', 'bytes=5-2', 'bytes=a-b', 'bytes 0-1', 'lines=0-1', 'bytes=0-1-2', 'bytes=0x0-0x1'])(
    'is the whole when nobody can tell what %s means',
    async (range) => {
      const { url } = await givenDigits()

      const { status, body } = await get(url, { Range: range })

      expect(status).toBe(200)
      expect(body.toString()).toBe(DIGITS)
    },
  )
})

describe('If-Range', () => {
  test('with the ETag continues a download', async () => {
    const { url } = await givenDigits()

    const { status, body } = await get(url, { Range: 'bytes=5-', 'If-Range': await etagOf(url) })

    expect(status).toBe(206)
    expect(body.toString()).toBe('56789')
  })

  test('with the date continues a download', async () => {
    const { url } = await givenDigits()

    const { status } = await get(url, { Range: 'bytes=5-', 'If-Range': await lastModified(url) })

    expect(status).toBe(206)
  })

  test.each(['"other"', 'W/"weak"', 'Sun, 06 Nov 1994 08:49:37 GMT', 'nonsense'])(
    'with %s starts anew, since the file may have changed',
    async (validator) => {
      const { url } = await givenDigits()

      const { status, body } = await get(url, { Range: 'bytes=5-', 'If-Range': validator })

      expect(status).toBe(200)
      expect(body.toString()).toBe(DIGITS)
    },
  )

  test('with a later date starts anew: only the very same moment will do', async () => {
    const { url } = await givenDigits()

    const { status } = await get(url, { Range: 'bytes=5-', 'If-Range': await lastModified(url, 1) })

    expect(status).toBe(200)
  })

  test('that does not match spares an impossible range its 416', async () => {
    const { url } = await givenDigits()

    expect((await get(url, { Range: 'bytes=99-', 'If-Range': '"other"' })).status).toBe(200)
  })
})

describe('a file that the client has already', () => {
  test.each(['GET', 'HEAD'])('is 304 for %s, with its validators and without a body', async (method) => {
    const { url } = await givenDigits()
    const etag = await etagOf(url)

    const reply = await ask(url, { method, headers: { 'If-None-Match': etag } })

    expect(reply.status).toBe(304)
    expect(reply.headers.etag).toBe(etag)
    expect(reply.headers['cache-control']).toBe('private, no-cache')
    expect(reply.body).toHaveLength(0)
  })

  test.each(['*', 'W/ETAG', '"x", ETAG', '"x",W/ETAG , "y"'])('is 304 for If-None-Match: %s', async (list) => {
    const { url } = await givenDigits()

    expect((await get(url, { 'If-None-Match': list.replace('ETAG', await etagOf(url)) })).status).toBe(304)
  })

  test('is 304 when it did not change since', async () => {
    const { url } = await givenDigits()

    expect((await get(url, { 'If-Modified-Since': await lastModified(url) })).status).toBe(304)
    expect((await get(url, { 'If-Modified-Since': await lastModified(url, -1) })).status).toBe(200)
  })

  test('is served when its ETag is another, whatever the date says', async () => {
    const { url } = await givenDigits()
    const headers = { 'If-None-Match': '"other"', 'If-Modified-Since': await lastModified(url) }

    expect((await get(url, headers)).status).toBe(200)
  })
})

describe('a file that must be the one that is meant', () => {
  test('is 412 when its ETag is another', async () => {
    const { url } = await givenDigits()

    const { status, body } = await get(url, { 'If-Match': '"other"' })

    expect(status).toBe(412)
    expect(body.toString()).not.toContain('0123')
    expect((await get(url, { 'If-Match': await etagOf(url) })).status).toBe(200)
    expect((await get(url, { 'If-Match': '*' })).status).toBe(200)
  })

  test('is 412 when it changed since', async () => {
    const { url } = await givenDigits()

    expect((await get(url, { 'If-Unmodified-Since': await lastModified(url, -1) })).status).toBe(412)
    expect((await get(url, { 'If-Unmodified-Since': await lastModified(url) })).status).toBe(200)
  })

  test('is 412 for HEAD too', async () => {
    const { url } = await givenDigits()

    expect((await ask(url, { method: 'HEAD', headers: { 'If-Match': '"other"' } })).status).toBe(412)
  })
})

describe('a file of 20 MB', () => {
  const SIZE = 20_000_000

  test('comes whole and in parts as it went', async () => {
    const app = await makeApp()
    const content = noise(SIZE)
    const { url } = await givenFile(app, {}, content, 'big.bin')

    const whole = await get(url)
    const parts = [
      [0, 65_535],
      [65_535, 65_536],
      [524_287, 524_288],
      [1_234_567, 7_654_321],
      [19_999_999, 19_999_999],
      [12_000_000, 19_999_999],
    ] as const

    expect(sha256(whole.body)).toBe(sha256(content))
    for (const [start, end] of parts) {
      const { body } = await get(url, { Range: `bytes=${start}-${end}` })
      expect(sha256(body)).toBe(sha256(content.subarray(start, end + 1)))
    }
  })

  test('comes the same to many readers at once, each with a range of its own', async () => {
    const app = await makeApp()
    const content = noise(SIZE)
    const { url } = await givenFile(app, {}, content, 'big.bin')
    const starts = Array.from({ length: 16 }, (_, index) => index * 1_111_111)

    const replies = await Promise.all(starts.map((start) => get(url, { Range: `bytes=${start}-${start + 2_000_000}` })))

    expect(replies.map(({ body }) => sha256(body))).toEqual(
      starts.map((start) => sha256(content.subarray(start, start + 2_000_001))),
    )
  })
})
