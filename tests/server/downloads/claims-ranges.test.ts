import { describe, expect, test } from 'vitest'
import { givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { askUnlocked, blobsOf, get, inOneSweep, noise, open, rawGet, sha256 } from './ask.ts'

const DIGITS = '0123456789'
const CURL = { 'User-Agent': 'curl/8.5.0' }
const WGET = { 'User-Agent': 'Wget/1.21.4' }

async function givenDigits(options: object = { oneShot: true }) {
  const app = await makeApp()
  const { url } = await givenFile(app, options, DIGITS)
  const piece = async (range: string, headers = CURL) => {
    const { status, body } = await get(url, { ...headers, Range: `bytes=${range}` })
    return status === 206 ? body.toString() : status
  }
  return { app, url, piece }
}

describe('pieces of a one-shot file', () => {
  test('in order are one copy, and no more', async () => {
    const { piece } = await givenDigits()

    expect([await piece('0-3'), await piece('4-7'), await piece('8-9')]).toEqual(['0123', '4567', '89'])
    expect([await piece('0-3'), await piece('8-9'), await piece('0-3', WGET)]).toEqual([404, 404, 404])
  })

  test('that leave one byte out are given again only until two copies were handed out', async () => {
    const { piece } = await givenDigits()

    const pieces = [await piece('0-8'), await piece('0-8'), await piece('0-8'), await piece('0-2'), await piece('9-9')]

    expect(pieces).toEqual(['012345678', '012345678', 404, 404, '9'])
  })

  test('can still be fetched after a look at the file (`bytes=0-`) that two copies leave no room for', async () => {
    const { piece, url } = await givenDigits()
    expect([await piece('0-8'), await piece('0-3')]).toEqual(['012345678', '0123'])

    const look = await get(url, { ...CURL, Range: 'bytes=0-' })

    expect([look.status, look.headers['content-range'], look.body.toString()]).toEqual([206, 'bytes 0-0/10', '0'])
    expect([await piece('0-9'), await piece('-10'), await piece('1-')]).toEqual([404, 404, 404])
    expect([await piece('4-8'), await piece('9-9')]).toEqual(['45678', '9'])
    expect(await piece('0-')).toBe(404)
  })

  test('can be fetched twice after a look (`bytes=0-`) that ends with the head of its answer', async () => {
    const { piece, url } = await givenDigits()
    const look = await open(url, { headers: { ...CURL, Range: 'bytes=0-' } })
    look.destroy()
    await askUnlocked(url, { method: 'HEAD', headers: CURL })

    expect([look.headers['content-range'], await piece('0-8')]).toEqual(['bytes 0-9/10', '012345678'])
    expect([await piece('0-8'), await piece('9-9')]).toEqual(['012345678', '9'])
  })

  test('are all refused once two copies were handed out, a look too', async () => {
    const { piece } = await givenDigits()

    expect([await piece('0-8'), await piece('0-8'), await piece('0-1')]).toEqual(['012345678', '012345678', '01'])
    expect([await piece('0-'), await piece('9-9')]).toEqual([404, 404])
  })

  test('in any order are one copy', async () => {
    const { piece } = await givenDigits()

    expect([await piece('8-9'), await piece('0-0'), await piece('4-7'), await piece('1-3')]).toEqual([
      '89',
      '0',
      '4567',
      '123',
    ])
    expect(await piece('0-0')).toBe(404)
  })

  test('that overlap do not end it early: each byte must have gone out', async () => {
    const { piece } = await givenDigits()

    expect([await piece('0-5'), await piece('2-7'), await piece('2-8')]).toEqual(['012345', '234567', '2345678'])
    expect(await piece('-1')).toBe('9')
    expect(await piece('-1')).toBe(404)
  })

  test('that are many times as long as the file together do not end it while a byte in the middle is missing', async () => {
    const { piece } = await givenDigits()

    expect([await piece('0-4'), await piece('6-9'), await piece('0-4'), await piece('6-9')]).toEqual([
      '01234',
      '6789',
      '01234',
      '6789',
    ])
    expect(await piece('0-0', WGET)).toBe(423)
    expect(await piece('5-5')).toBe('5')
    expect(await piece('5-5')).toBe(404)
  })

  test('belong to the client that took the first one', async () => {
    const { piece, url } = await givenDigits()

    expect(await piece('0-0')).toBe('0')
    expect([await piece('1-9', WGET), await piece('0-9', WGET)]).toEqual([423, 423])
    expect((await get(url, WGET)).status).toBe(423)
    expect(await piece('1-9')).toBe('123456789')
    expect([await piece('1-9', WGET), await piece('1-9')]).toEqual([404, 404])
  })

  test('cannot be collected by several clients together', async () => {
    const { app, url } = await givenDigits()

    const answers = await inOneSweep(app, 10, (index) =>
      rawGet(url, { 'User-Agent': `reader-${index}`, Range: `bytes=${index}-${index}` }),
    )

    expect(answers.filter((answer) => answer.startsWith('HTTP/1.1 206 '))).toHaveLength(1)
    expect(answers.filter((answer) => answer.startsWith('HTTP/1.1 423 '))).toHaveLength(9)
  })

  test('of which each is the whole are one copy', async () => {
    const { piece } = await givenDigits()

    expect([await piece('0-'), await piece('0-'), await piece('-10')]).toEqual([DIGITS, 404, 404])
  })

  test('that are asked for together come as the whole, once', async () => {
    const { url } = await givenDigits()
    const headers = { ...CURL, Range: 'bytes=0-1,3-4' }

    expect((await get(url, headers)).body.toString()).toBe(DIGITS)
    expect((await get(url, headers)).status).toBe(404)
  })

  test('whose If-Range is stale come as the whole, once', async () => {
    const { url } = await givenDigits()
    const headers = { ...CURL, Range: 'bytes=5-', 'If-Range': '"stale"' }

    expect((await get(url, headers)).body.toString()).toBe(DIGITS)
    expect((await get(url, headers)).status).toBe(404)
  })

  test('end with its last byte on the disk, whichever that is', async () => {
    const { app, piece } = await givenDigits()

    await piece('5-9')
    await app.maintenance.clean()
    expect(blobsOf(app)).toHaveLength(1)
    await piece('0-4')

    await expect.poll(() => blobsOf(app)).toEqual([])
  })
})

test('two clients with pieces of a file for two have a copy each', async () => {
  const { piece } = await givenDigits({ maxDownloads: 2 })

  expect([await piece('0-4', CURL), await piece('5-9', WGET)]).toEqual(['01234', '56789'])
  expect(await piece('0-0', { 'User-Agent': 'third' })).toBe(423)
  expect([await piece('5-9', CURL), await piece('0-4', WGET)]).toEqual(['56789', '01234'])
  expect([await piece('0-4', CURL), await piece('0-4', WGET)]).toEqual([404, 404])
})

test('a piece for each of 20 connections of one client goes to one of them at a time', async () => {
  const app = await makeApp()
  const content = noise(20_000_000)
  const { url } = await givenFile(app, { oneShot: true }, content, 'big.bin')

  const answers = await inOneSweep(app, 20, (index) =>
    rawGet(url, { ...CURL, Range: `bytes=${index * 1_000_000}-${(index + 1) * 1_000_000 - 1}` }),
  )
  const served = answers.filter((answer) => answer.startsWith('HTTP/1.1 206 '))

  expect(served.length).toBeGreaterThanOrEqual(1)
  expect(answers.filter((answer) => answer.startsWith('HTTP/1.1 423 '))).toHaveLength(20 - served.length)
  expect(sha256((await get(url, CURL)).body)).toBe(sha256(content))
  expect((await get(url, CURL)).status).toBe(404)
})
