import { describe, expect, test } from 'vitest'
import { addFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { ask, askUnlocked, blobsOf, bodyOf, cutAfter, get, inOneSweep, noise, open, rawGet, sha256 } from './ask.ts'
import { givenFiles, statusesIn } from './given.ts'

const CURL = { 'User-Agent': 'curl/8.5.0' }
const WGET = { 'User-Agent': 'Wget/1.21.4' }
const MB = 1_000_000

async function givenSmall(options: object = { oneShot: true }) {
  const app = await makeApp()
  const given = await givenFiles(app, options, [
    ['a.txt', 'content of a'],
    ['b.txt', 'content of b'],
  ])
  const [a = { id: '', url: '' }, b = { id: '', url: '' }] = given.files
  return { app, ...given, a, b }
}

const rawHead = (url: string, userAgent: string): string => rawGet(url, { 'User-Agent': userAgent })

/** How many copies of one file went out, alone or in an archive: entries are stored, not packed. */
const copiesOf = (content: string, answers: string[]): number => answers.join('').split(content).length - 1

describe('the archive of a one-shot upload', () => {
  test('takes all its files at once, and they are gone', async () => {
    const { app, upload, archive, a, b } = await givenSmall()

    const { status, headers, body } = await get(archive, CURL)

    expect(status).toBe(200)
    expect(headers['cache-control']).toBe('no-cache, no-store, must-revalidate')
    expect(body.includes('content of a')).toBe(true)
    expect((await get(a.url, CURL)).body.toString()).toBe(`file a.txt (${a.id}) is not available : deleted\n`)
    expect((await get(b.url, WGET)).status).toBe(404)
    expect((await get(archive, CURL)).body.toString()).toBe('nothing to archive\n')
    expect(await statusesIn(app, upload.id)).toEqual(['deleted', 'deleted'])
    await expect.poll(() => blobsOf(app)).toEqual([])
  })

  test('goes to one of 20 parallel requests', async () => {
    const { app, archive } = await givenSmall()

    const answers = await inOneSweep(app, 20, (index) => rawHead(archive, `reader-${index}`))

    expect(copiesOf('content of a', answers)).toBe(1)
    expect(copiesOf('content of b', answers)).toBe(1)
    expect(answers.filter((answer) => answer.startsWith('HTTP/1.1 200 '))).toHaveLength(1)
    expect(answers.filter((answer) => /^HTTP\/1\.1 (423|404|400) /.test(answer))).toHaveLength(19)
  })

  test('and its files alone, asked for in the same instant, are one copy of each at most', async () => {
    const { app, archive, a, b } = await givenSmall()
    const urls = [archive, a.url, b.url]

    const answers = await inOneSweep(app, 21, (index) => rawHead(urls[index % 3] ?? '', `reader-${index}`))

    expect(copiesOf('content of a', answers)).toBe(1)
    expect(copiesOf('content of b', answers)).toBe(1)
  })

  test('by other names, by POST and as a selection is the same copy', async () => {
    const { app, upload, archive, a, b } = await givenSmall()
    const post = `POST /archive/${upload.id} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`
    const requests = [
      rawHead(archive, 'one'),
      rawHead(archive.replace('archive.zip', 'other.zip'), 'two'),
      rawHead(archive, 'three').replace('.zip', `.zip?file=${a.id}`),
      rawHead(archive, 'four').replace('.zip', `.zip?file=${b.id}&file=${a.id}`),
      post,
    ]

    const answers = await inOneSweep(app, 20, (index) => requests[index % 5] ?? '')

    expect(copiesOf('content of a', answers)).toBe(1)
    expect(copiesOf('content of b', answers)).toBeLessThanOrEqual(1)
  })

  test('is locked while one of its files is being read, and takes nothing of the others', async () => {
    const { archive, a, b } = await givenSmall()
    await get(a.url, { ...CURL, Range: 'bytes=0-0' })

    const refused = await get(archive, CURL)

    expect(refused.status).toBe(423)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(refused.body.toString()).not.toContain('content')
    expect((await get(b.url, WGET)).body.toString()).toBe('content of b')
    expect((await get(a.url, { ...CURL, Range: 'bytes=1-' })).status).toBe(206)
  })

  test('locks its files while it is being read', async () => {
    const { archive, a } = await givenSmall()
    await get(archive, { ...CURL, Range: 'bytes=0-0' })

    expect([(await get(a.url, CURL)).status, (await get(archive, WGET)).status]).toEqual([423, 423])
    expect((await get(`${archive}?file=${a.id}`, CURL)).status).toBe(423)
  })

  test('leaves out what was read alone before', async () => {
    const { archive, a } = await givenSmall()
    await get(a.url)

    const { status, body } = await get(archive)

    expect(status).toBe(200)
    expect(body.includes('content of a')).toBe(false)
    expect(body.includes('content of b')).toBe(true)
  })

  test('of a selection leaves the rest to others', async () => {
    const { archive, a, b } = await givenSmall()

    expect((await get(`${archive}?file=${a.id}`, CURL)).status).toBe(200)
    expect((await get(a.url, WGET)).status).toBe(404)
    expect((await get(b.url, WGET)).body.toString()).toBe('content of b')
  })

  test('is not taken by HEAD, a preview, a condition or a wrong name', async () => {
    const { archive, upload, app } = await givenSmall()

    expect((await ask(archive, { method: 'HEAD' })).status).toBe(200)
    expect((await get(archive, { 'User-Agent': 'Twitterbot/1.0' })).status).toBe(406)
    expect((await get(archive, { 'If-None-Match': '*' })).status).toBe(304)
    expect((await get(`${app.url}/archive/${upload.id}/x.tar`)).status).toBe(400)
    expect((await get(archive, WGET)).status).toBe(200)
  })

  test('that was cut continues with ranges until it is whole', async () => {
    const app = await makeApp()
    const { archive, files } = await givenFiles(app, { oneShot: true }, [
      ['big.bin', noise(20 * MB)],
      ['small.txt', 'small'],
    ])
    const { headers: head } = await ask(archive, { method: 'HEAD' })

    const first = await cutAfter(2 * MB, archive, { headers: CURL })
    const stranger = await get(archive, { ...WGET, Range: `bytes=${first.length}-` })
    const rest = await askUnlocked(archive, {
      headers: { ...CURL, Range: `bytes=${first.length}-`, 'If-Range': head.etag },
    })

    expect(stranger.status).toBe(423)
    expect(rest.status).toBe(206)
    expect(first.length + rest.body.length).toBe(Number(head['content-length']))
    const zip = Buffer.concat([first, rest.body])
    const bigAt = zip.indexOf('big.bin') + 'big.bin'.length
    expect(sha256(zip.subarray(bigAt, bigAt + 20 * MB))).toBe(sha256(noise(20 * MB)))
    app.advance(60_000) // after which no download manager asks for a piece of it
    await app.maintenance.clean()
    expect((await get(files[1]?.url ?? '', CURL)).status).toBe(404)
    expect((await get(archive, CURL)).body.toString()).toBe('nothing to archive\n')
  })

  test('that is not resumed is spent with all its files', async () => {
    const { app, upload, archive } = await givenSmall()
    await get(archive, { ...CURL, Range: 'bytes=0-9' })

    app.advance(10 * 60_000)

    expect(await app.maintenance.clean()).toMatchObject({ lapsedClaims: 2, deletedFiles: 2 })
    expect(await statusesIn(app, upload.id)).toEqual(['deleted', 'deleted'])
  })

  test('half of it and half of a file do not make a copy', async () => {
    const { archive, a } = await givenSmall({ maxDownloads: 2 })
    await get(archive, { ...CURL, Range: 'bytes=0-40' })
    await get(a.url, { ...CURL, Range: 'bytes=6-' })

    expect((await get(a.url, WGET)).status).toBe(423)
    expect((await get(a.url, { ...CURL, Range: 'bytes=0-5' })).body.toString()).toBe('conten')
    expect((await get(archive, { ...CURL, Range: 'bytes=41-' })).status).toBe(206)
    expect((await get(a.url, WGET)).status).toBe(404)
  })

  test('to which a file was added is another: the old one stays claimed', async () => {
    const { app, upload, archive } = await givenSmall()
    await get(archive, { ...CURL, Range: 'bytes=0-9' })
    await addFile(app, upload, 'content of c', 'c.txt')

    expect((await get(archive, CURL)).status).toBe(423)
  })

  test('is whole for a slow reader while others are turned away', async () => {
    const app = await makeApp()
    const { archive, files } = await givenFiles(app, { oneShot: true }, [['big.bin', noise(20 * MB)]])

    const reader = await open(archive, { headers: CURL })
    const others = await Promise.all([get(archive, WGET), get(files[0]?.url ?? '', WGET), get(archive, CURL)])

    expect(others.map(({ status }) => status)).toEqual([423, 423, 423])
    expect((await bodyOf(reader)).length).toBe(Number(reader.headers['content-length']))
  })
})

test('an archive of files for three downloads counts as one of each', async () => {
  const { archive, a } = await givenSmall({ maxDownloads: 3 })

  expect((await get(archive)).status).toBe(200)
  expect((await get(a.url)).status).toBe(200)
  expect((await get(archive)).status).toBe(200)
  expect((await get(a.url)).status).toBe(404)
  expect((await get(archive)).body.includes('content of b')).toBe(true)
  expect((await get(archive)).status).toBe(400)
})
