import { execFileSync } from 'node:child_process'
import { rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { addFile } from '../../helpers/client.ts'
import { temporaryFolder } from '../../helpers/database.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { ask, blobsOf, bodyOf, get, noise, open, sha256 } from './ask.ts'
import { givenFiles } from './given.ts'

async function givenThree(options: object = {}) {
  const app = await makeApp()
  const given = await givenFiles(app, options, [
    ['a.txt', 'content of a'],
    ['empty.txt', ''],
    ['b.bin', noise(300_000)],
  ])
  return { app, ...given, ids: given.files.map(({ id }) => id) }
}

/** Throws unless Info-ZIP finds every entry whole. */
function unzip(zip: Buffer): { names: string[]; read: (name: string) => Buffer } {
  const path = join(temporaryFolder(), 'archive.zip')
  writeFileSync(path, zip)
  execFileSync('unzip', ['-t', '-qq', path])
  const names = execFileSync('unzip', ['-Z1', path], { env: { ...process.env, LC_ALL: 'C.UTF-8' } }).toString()
  return {
    names: names.trimEnd().split('\n'),
    read: (name) => execFileSync('unzip', ['-p', path, name], { maxBuffer: 1e9 }),
  }
}

const post = (url: string, body: string) => ask(url.replace('/archive.zip', ''), { method: 'POST', body })

describe('an archive', () => {
  test('holds every file of the upload in order, the empty ones too', async () => {
    const { archive } = await givenThree()

    const { status, body } = await get(archive)
    const { names, read } = unzip(body)

    expect(status).toBe(200)
    expect(names).toEqual(['a.txt', 'empty.txt', 'b.bin'])
    expect(read('a.txt').toString()).toBe('content of a')
    expect(read('empty.txt')).toHaveLength(0)
    expect(sha256(read('b.bin'))).toBe(sha256(noise(300_000)))
  })

  test('is served with every header that says what it is and how to resume it', async () => {
    const { archive } = await givenThree()

    const { headers, body } = await get(archive)

    expect(headers).toMatchObject({
      'content-type': 'application/zip',
      'content-length': String(body.length),
      'content-disposition': `inline; filename="archive.zip"; filename*=UTF-8''archive.zip`,
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    })
    expect(headers.etag).toMatch(/^"[^"]+"$/)
    expect(headers['last-modified']).toMatch(/ GMT$/)
    expect(headers['content-security-policy']).toContain('sandbox')
    expect(headers['transfer-encoding']).toBeUndefined()
  })

  test('has the headers of GET for HEAD, and no body', async () => {
    const { archive } = await givenThree()

    const head = await ask(archive, { method: 'HEAD' })
    const { headers } = await get(archive)

    expect(head.body).toHaveLength(0)
    expect({ ...head.headers, date: '' }).toEqual({ ...headers, date: '' })
  })

  test('is the same, byte for byte, each time', async () => {
    const { archive, app } = await givenThree()
    const first = await get(archive)

    app.advance(3_600_000)
    const second = await get(archive)

    expect(second.headers.etag).toBe(first.headers.etag)
    expect(sha256(second.body)).toBe(sha256(first.body))
    expect((await get(archive, { 'If-None-Match': first.headers.etag })).status).toBe(304)
  })

  test('is another with every file that is added or deleted', async () => {
    const { app, archive, upload, files } = await givenThree({ removable: true })
    const before = await get(archive)

    await addFile(app, upload, 'more', 'c.txt')
    const added = await get(archive)
    await fetch(files[0]?.url ?? '', { method: 'DELETE' })
    const deleted = await get(archive)

    expect(new Set([before, added, deleted].map(({ headers }) => headers.etag)).size).toBe(3)
    expect(unzip(added.body).names).toEqual(['a.txt', 'empty.txt', 'b.bin', 'c.txt'])
    expect(unzip(deleted.body).names).toEqual(['empty.txt', 'b.bin', 'c.txt'])
    expect((await get(archive, { 'If-None-Match': before.headers.etag })).status).toBe(200)
    expect((await get(archive, { 'If-Match': before.headers.etag })).status).toBe(412)
  })

  test('in pieces is the same archive, whatever the pieces', async () => {
    const { archive } = await givenThree()
    const whole = await get(archive)
    const { etag } = whole.headers
    const cuts = [0, 1, 30, 35, 47, 59, 100, 101, 150_000, 300_100, whole.body.length - 22, whole.body.length]

    const pieces = await Promise.all(
      cuts.slice(1).map((end, index) => get(archive, { Range: `bytes=${cuts[index]}-${end - 1}`, 'If-Range': etag })),
    )
    const joined = Buffer.concat(pieces.map(({ body }) => body))

    expect(pieces.map(({ status }) => status)).toEqual(pieces.map(() => 206))
    expect(joined.equals(whole.body)).toBe(true)
    expect(unzip(joined).names).toHaveLength(3)
  })

  test('whose files changed since starts anew instead of being patched together', async () => {
    const { app, archive, upload } = await givenThree()
    const { headers } = await get(archive)
    await addFile(app, upload, 'more', 'c.txt')

    const { status, body } = await get(archive, { Range: 'bytes=50-', 'If-Range': headers.etag })

    expect(status).toBe(200)
    expect(unzip(body).names).toHaveLength(4)
  })

  test('knows its end', async () => {
    const { archive } = await givenThree()
    const { body } = await get(archive)

    const last = await get(archive, { Range: 'bytes=-22' })
    const beyond = await get(archive, { Range: `bytes=${body.length}-` })

    expect(last.body.equals(body.subarray(-22))).toBe(true)
    expect(beyond.status).toBe(416)
    expect(beyond.headers['content-range']).toBe(`bytes */${body.length}`)
  })

  test('says attachment for ?dl=1', async () => {
    const { archive } = await givenThree()

    expect((await get(`${archive}?dl=1`)).headers['content-disposition']).toMatch(/^attachment; /)
  })

  test('of which a file is lost on the disk never looks whole', async () => {
    const { app, archive } = await givenThree()
    for (const blob of blobsOf(app)) rmSync(blob)

    const { status, body } = await get(archive)

    expect(status).toBe(410)
    expect(body.toString()).toBe('the server has lost the bytes of all these files\n')
  })

  test('of which a file is lost while it is sent breaks off', async () => {
    const app = await makeApp()
    const { archive } = await givenFiles(app, {}, [
      ['big.bin', noise(20_000_000)],
      ['b.txt', 'content of b'],
    ])
    const reader = await open(archive)
    rmSync(blobsOf(app).find((path) => statSync(path).size === 12) as string)

    await expect(bodyOf(reader)).rejects.toThrow()
  })

  test('of which files are lost says how many, and offers an archive of the others', async () => {
    const { app, archive } = await givenThree({ maxDownloads: 1 })
    truncateSync(blobsOf(app).find((path) => statSync(path).size === 300_000) as string, 299_999)

    const refused = await get(archive)
    const rest = await get(`${archive}?rest=true`)

    expect(refused.status).toBe(410)
    expect(refused.body.toString()).toBe(
      'the server has lost the bytes of 1 of the files; add ?rest=true to the address for an archive of the others\n',
    )
    expect(rest.status).toBe(200)
    expect(unzip(rest.body).names).toEqual(['a.txt', 'empty.txt'])
  })

  test('of a protected upload asks for the password', async () => {
    const { archive } = await givenThree({ login: 'ann', password: 'secret' })

    const allowed = await get(archive, { Authorization: `Basic ${btoa('ann:secret')}` })

    expect((await get(archive)).status).toBe(401)
    expect((await post(archive, '{}')).status).toBe(401)
    expect(allowed.status).toBe(200)
    expect(allowed.headers['cache-control']).toBe('no-cache, no-store, must-revalidate')
  })
})

describe('a selection of files', () => {
  test('by POST holds what its list names, in the order of the upload', async () => {
    const { archive, ids } = await givenThree()

    const { status, headers, body } = await post(archive, JSON.stringify({ files: [ids[1], ids[0], ids[1]] }))

    expect(status).toBe(200)
    expect(headers['content-disposition']).toContain('filename="archive.zip"')
    expect(headers['content-length']).toBe(String(body.length))
    expect(unzip(body).names).toEqual(['a.txt', 'empty.txt'])
  })

  test('by GET is the same archive with the same ETag, in ranges too', async () => {
    const { archive, ids } = await givenThree()
    const posted = await post(archive, JSON.stringify({ files: [ids[0], ids[2]] }))
    const url = `${archive}?file=${ids[2]}&file=${ids[0]}`

    const got = await get(url)
    const rest = await get(url, { Range: 'bytes=100-', 'If-Range': posted.headers.etag })

    expect(got.headers.etag).toBe(posted.headers.etag)
    expect(got.body.equals(posted.body)).toBe(true)
    expect(rest.body.equals(posted.body.subarray(100))).toBe(true)
  })

  test('of one file by ?file= is that file', async () => {
    const { archive, ids } = await givenThree()

    expect(unzip((await get(`${archive}?file=${ids[0]}`)).body).names).toEqual(['a.txt'])
  })

  test('by POST with ?file= holds what the query names', async () => {
    const { archive, ids } = await givenThree()
    const url = `${archive.replace('/archive.zip', '')}?file=${ids[0]}`

    expect(unzip((await ask(url, { method: 'POST' })).body).names).toEqual(['a.txt'])
  })

  test.each(['', '{}', '{"files":null}', '{"FILES":null,"other":1}', 'null'])(
    'by POST of %j is all of it',
    async (body) => {
      const { archive } = await givenThree()

      expect((await post(archive, body)).body.equals((await get(archive)).body)).toBe(true)
    },
  )

  test.each(['[]', '{"files":"a"}', '{"files":[1]}', '{"files":{}}', '{"files":[', 'files=a'])(
    'by POST of %s is 400',
    async (body) => {
      const { archive } = await givenThree()

      const reply = await post(archive, body)

      expect(reply.status).toBe(400)
      expect(reply.body.toString()).toMatch(/^unable to deserialize request body : /)
    },
  )

  test('of nothing is nothing to archive', async () => {
    const { archive } = await givenThree()

    const { status, body } = await post(archive, '{"files":[]}')

    expect(status).toBe(400)
    expect(body.toString()).toBe('nothing to archive\n')
  })

  test('with an id that is not in the upload is 404, and so is one of another upload', async () => {
    const { app, archive, ids } = await givenThree()
    const { files: others } = await givenFiles(app, {}, [['secret.txt', 'secret']])
    const foreign = others[0]?.id

    const byPost = await post(archive, JSON.stringify({ files: [ids[0], foreign] }))

    expect(byPost.status).toBe(404)
    expect(byPost.body.toString()).toBe(`file ${foreign} not found\n`)
    expect((await get(`${archive}?file=${foreign}`)).status).toBe(404)
    expect((await get(`${archive}?file=nope`)).body.toString()).toBe('file nope not found\n')
    expect((await ask(`${archive}?file=nope`, { method: 'HEAD' })).status).toBe(404)
  })

  test('with a missing file is an error instead of leaving it out', async () => {
    const { archive, ids, files } = await givenThree({ removable: true })
    await fetch(files[0]?.url ?? '', { method: 'DELETE' })

    const { status, body } = await get(`${archive}?file=${ids[0]}&file=${ids[2]}`)

    expect(status).toBe(404)
    expect(body.toString()).toBe(`file a.txt (${ids[0]}) is not available : deleted\n`)
  })
})
