import { hash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { addFile, createUpload, givenFile } from '../../helpers/client.ts'
import { makeApp, sharedApp } from '../../helpers/make-app.ts'
import { createResumable, describe as described, head, metadata, offsetOf, patch, post } from './tus-requests.ts'

const app = sharedApp()

const MIB = 1024 * 1024
const MD5_OF_HELLO = hash('md5', 'hello')

describe('a file that comes in pieces', () => {
  test('is there once the last piece is, whole and with its digests', async () => {
    const { url, link } = await createResumable(app, 11)

    const first = await patch(url, 0, 'hello ')
    expect([first.status, first.headers.get('upload-offset')]).toEqual([204, '6'])
    expect((await fetch(link)).status).toBe(404)
    const last = await patch(url, 6, 'world')

    expect([last.status, last.headers.get('upload-offset')]).toEqual([204, '11'])
    const response = await fetch(link)
    expect(response.headers.get('repr-digest')).toBe('sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:')
    expect(await answerOf(response)).toEqual([200, 'hello world'])
  })

  test('has the same digests when the server was restarted in between', async () => {
    const before = await makeApp({ MD5: 'always' })
    const bytes = randomBytes(3 * MIB)
    const { url, link } = await createResumable(before, bytes.length)
    await patch(url, 0, bytes.subarray(0, MIB))
    const upload = new URL(link).pathname.split('/')[2]
    const app = await makeApp({ MD5: 'always', DATA_DIR: before.dataDir, DATABASE_URL: before.databaseUrl })

    await patch(url.replace(before.url, app.url), MIB, bytes.subarray(MIB))

    const { files } = await jsonOf<{ files: { fileMd5: string }[] }>(fetch(`${app.url}/upload/${upload}`))
    expect(files[0]?.fileMd5).toBe(hash('md5', bytes))
    const response = await fetch(link.replace(before.url, app.url))
    expect(response.headers.get('repr-digest')).toBe(`sha-256=:${hash('sha256', bytes, 'base64')}:`)
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true)
  })

  test.each([
    ['plik', MD5_OF_HELLO, ''],
    ['always', MD5_OF_HELLO, MD5_OF_HELLO],
    ['never', '', ''],
  ])('has an MD5 as the setting says: %s', async (MD5, ofForm, ofTus) => {
    const app = await makeApp({ MD5 })
    const { file } = await givenFile(app, {}, 'hello')
    const { url, link } = await createResumable(app, 5)

    await patch(url, 0, 'hello')

    const upload = new URL(link).pathname.split('/')[2]
    const { files } = await jsonOf<{ files: { fileMd5: string }[] }>(fetch(`${app.url}/upload/${upload}`))
    expect([(file as { fileMd5?: string }).fileMd5, files[0]?.fileMd5]).toEqual([ofForm, ofTus])
  })

  test('may come with its creation', async () => {
    const created = await post(app, { 'Upload-Length': '10' }, 'hello')

    expect([created.status, created.headers.get('upload-offset')]).toEqual([201, '5'])
    const { url, link } = described(app, created)
    await patch(url, 5, ' you!')
    expect(await answerOf(fetch(link))).toEqual([200, 'hello you!'])
  })

  test('may come wholly with its creation', async () => {
    const created = await post(app, { 'Upload-Length': '5' }, 'hello')

    expect(created.status).toBe(201)
    expect(await answerOf(fetch(described(app, created).link))).toEqual([200, 'hello'])
    expect(await offsetOf(described(app, created).url)).toBe(5)
  })

  test('may be empty', async () => {
    const { url, link } = await createResumable(app, 0)

    expect(await answerOf(fetch(link))).toEqual([200, ''])
    expect(await offsetOf(url)).toBe(0)
  })

  test('may say its length with a later piece, and only once', async () => {
    const created = await post(app, { 'Upload-Defer-Length': '1' })
    const { url, link } = described(app, created)
    await patch(url, 0, 'hello')
    expect((await head(url)).headers.get('upload-defer-length')).toBe('1')

    await patch(url, 5, ' wor', { 'Upload-Length': '11' })
    const other = await patch(url, 9, 'ld', { 'Upload-Length': '12' })
    await patch(url, 9, 'ld', { 'Upload-Length': '11' })

    expect(other.status).toBe(409)
    expect(await answerOf(fetch(link))).toEqual([200, 'hello world'])
  })
})

describe('the offset', () => {
  test('of a finished file is its length, however often one asks', async () => {
    const { url } = await createResumable(app, 5)
    await patch(url, 0, 'hello')

    expect(await offsetOf(url)).toBe(5)
    expect(await offsetOf(url)).toBe(5)
    expect((await patch(url, 5, '')).status).toBe(204)
  })

  test('must be where the file has come to', async () => {
    const { url, link } = await createResumable(app, 11)
    await patch(url, 0, 'hello ')

    expect((await patch(url, 0, 'HELLO ')).status).toBe(409)
    expect((await patch(url, 7, 'orld')).status).toBe(409)
    expect(await answerOf(patch(url, 5, 'xxxxxx'))).toEqual([409, 'offset mismatch: expected 6, got 5\n'])

    await patch(url, 6, 'world')
    expect(await answerOf(fetch(link))).toEqual([200, 'hello world'])
  })

  test('comes with the length, the metadata without its secrets, and the day of expiry', async () => {
    const app = await makeApp({ RESUME_WINDOW: '1h' })
    const pairs = { filename: 'a b.txt', password: 'secret', uploadToken: 'none' }

    const created = await post(app, { 'Upload-Length': '7', 'Upload-Metadata': metadata(pairs) })

    const { headers } = await head(described(app, created).url)
    expect(headers.get('upload-length')).toBe('7')
    expect(headers.get('upload-metadata')).toBe(metadata({ filename: 'a b.txt' }))
    expect(headers.get('cache-control')).toBe('no-store')
    expect(Date.parse(headers.get('upload-expires') ?? '') - Date.now()).toBeGreaterThan(3_500_000)
  })
})

describe('a finished file', () => {
  test('never changes', async () => {
    const { url, link } = await createResumable(app, 5)
    await patch(url, 0, 'hello')

    expect((await patch(url, 0, 'HELLO')).status).toBe(409)
    expect((await patch(url, 5, '!')).status).toBe(409)

    expect(await answerOf(fetch(link))).toEqual([200, 'hello'])
  })
})

describe('a file of an upload that exists', () => {
  test('fills its declared slot with the upload token', async () => {
    const upload = await createUpload(app, { files: [{ fileName: 'a.txt', reference: '0' }] })
    const fileId = upload.files?.[0]?.id as string

    const { url, link, uploadToken } = await createResumable(app, 5, {
      uploadId: upload.id,
      fileId,
      uploadToken: upload.uploadToken,
      filename: 'a.txt',
    })
    await patch(url, 0, 'hello')

    expect(uploadToken).toBeNull()
    expect(link).toBe(`${app.url}/file/${upload.id}/${fileId}/a.txt`)
    expect(await answerOf(fetch(link))).toEqual([200, 'hello'])
  })

  test('is added to the others', async () => {
    const upload = await createUpload(app)
    await addFile(app, upload, 'first', 'first.txt')
    const pairs = { uploadId: upload.id, uploadToken: upload.uploadToken, filename: 'second.txt' }

    const { url } = await createResumable(app, 6, pairs)
    await patch(url, 0, 'second')

    const { files } = await jsonOf<{ files: { fileName: string; status: string }[] }>(
      fetch(`${app.url}/upload/${upload.id}`),
    )
    expect(files.map(({ fileName, status }) => [fileName, status])).toEqual([
      ['first.txt', 'uploaded'],
      ['second.txt', 'uploaded'],
    ])
  })

  test('begins anew when it is created again, since the first URL never reached its client', async () => {
    const upload = await createUpload(app, { files: [{ fileName: 'a.txt', reference: '0' }] })
    const fileId = upload.files?.[0]?.id as string
    const pairs = { uploadId: upload.id, fileId, uploadToken: upload.uploadToken, filename: 'a.txt' }
    const lost = await createResumable(app, 5, pairs)
    await patch(lost.url, 0, 'xx')

    const { url, link } = await createResumable(app, 5, pairs)
    await patch(url, 0, 'hello')

    expect((await head(lost.url)).status).toBe(404)
    expect(await answerOf(fetch(link))).toEqual([200, 'hello'])
  })

  test('must have the size that was declared, whether it is said first or comes out last', async () => {
    const upload = await createUpload(app, {
      files: [1, 2].map((reference) => ({ fileName: 'a.txt', fileSize: 5, reference: `${reference}` })),
    })
    const wish = (index: number) => ({
      'Upload-Metadata': metadata({
        uploadId: upload.id,
        fileId: upload.files?.[index]?.id ?? '',
        uploadToken: upload.uploadToken,
        filename: 'a.txt',
      }),
    })

    const refused = await answerOf(post(app, { ...wish(0), 'Upload-Length': '6' }))
    const { url } = described(app, await post(app, { ...wish(1), 'Upload-Defer-Length': '1' }))
    const last = await answerOf(patch(url, 0, 'hell', { 'Upload-Length': '4' }))

    expect(refused).toEqual([400, 'the file does not have the 5 bytes that were declared\n'])
    expect(last).toEqual(refused)
    expect((await post(app, { ...wish(0), 'Upload-Length': '5' })).status).toBe(201)
  })

  test('is refused without the token, for a slot that is filled, for a stream, and past the limit of files', async () => {
    const app = await makeApp({ MAX_FILES_PER_UPLOAD: '1' })
    const upload = await createUpload(app)
    const stream = await createUpload(app, { stream: true })
    const added = (await (await addFile(app, upload, 'x', 'a.txt')).json()) as { id: string }
    const create = async (pairs: Record<string, string>) =>
      answerOf(post(app, { 'Upload-Length': '5', 'Upload-Metadata': metadata({ filename: 'a.txt', ...pairs }) }))
    const token = { uploadToken: upload.uploadToken }

    expect(await create({ uploadId: upload.id })).toEqual([403, 'you are not allowed to add file to this upload\n'])
    expect(await create({ uploadId: upload.id, uploadToken: 'wrong' })).toEqual([
      403,
      'you are not allowed to add file to this upload\n',
    ])
    expect((await create({ uploadId: upload.id, fileId: added.id, ...token }))[1]).toContain('expected missing')
    expect((await create({ uploadId: stream.id, uploadToken: stream.uploadToken }))[1]).toContain('can not be resumed')
    expect((await create({ uploadId: upload.id, ...token }))[1]).toContain('maximum number file')
    expect((await create({ uploadId: 'unknown0unknown0' }))[0]).toBe(404)
  })
})

describe('an upload of its own', () => {
  test('has the options of the metadata, and its token can remove it', async () => {
    const created = await createResumable(app, 5, { oneShot: 'true', ttl: '1h', relativePath: 'ignored' })
    await patch(created.url, 0, 'hello')
    const [, , uploadId] = new URL(created.link).pathname.split('/')

    const upload = await jsonOf(fetch(`${app.url}/upload/${uploadId}`))
    expect([upload.oneShot, upload.ttl]).toEqual([true, 3600])
    expect(await answerOf(fetch(created.link))).toEqual([200, 'hello'])
    expect((await fetch(created.link)).status).toBe(404)
    const headers = { 'X-UploadToken': created.uploadToken ?? '' }
    expect((await fetch(`${app.url}/upload/${uploadId}`, { method: 'DELETE', headers })).status).toBe(200)
  })

  test('is refused to strange addresses, with options that the server does not grant, and past the size limit', async () => {
    const closed = await makeApp({ UPLOAD_WHITELIST: '10.0.0.0/8' })
    const app = await makeApp({ MAX_FILE_SIZE: '10B', FEATURE_ONE_SHOT: 'disabled' })

    expect((await post(closed, { 'Upload-Length': '5' })).status).toBe(403)
    expect((await post(app, { 'Upload-Length': '10' })).status).toBe(201)
    expect((await post(app, { 'Upload-Length': '11' })).status).toBe(413)
    const oneShot = await post(app, { 'Upload-Length': '5', 'Upload-Metadata': metadata({ oneShot: 'true' }) })
    expect(await answerOf(oneShot)).toEqual([400, 'unable to create upload : one shot uploads are disabled\n'])
  })

  test('of unknown length is held to the size limit byte by byte', async () => {
    const app = await makeApp({ MAX_FILE_SIZE: '10B' })
    const { url } = described(app, await post(app, { 'Upload-Defer-Length': '1' }))
    await patch(url, 0, '0123456789')

    expect((await patch(url, 10, 'x')).status).toBe(413)

    expect(await offsetOf(url)).toBe(10)
  })
})

test.each([
  ['/tus', /^tus\/\w+$/],
  ['/tus/', /^\w+$/],
])('the URL is relative to %s, so that no proxy can make it wrong', async (path, expected) => {
  const app = await makeApp({ PATH_PREFIX: '/share' })

  const headers = { 'Tus-Resumable': '1.0.0', 'Upload-Length': '5' }
  const created = await fetch(app.url + path, { method: 'POST', headers })

  const location = created.headers.get('location') ?? ''
  expect(location).toMatch(expected)
  expect(await offsetOf(new URL(location, app.url + path).href)).toBe(0)
})

describe('a request that is not well formed', () => {
  test('is told what is wrong', async () => {
    const { url } = await createResumable(app, 5)

    const other = await fetch(url, { method: 'HEAD', headers: { 'Tus-Resumable': '0.2.2' } })
    expect([other.status, other.headers.get('tus-version')]).toEqual([412, '1.0.0'])
    expect((await patch(url, 0, 'hello', { 'Content-Type': 'text/plain' })).status).toBe(415)
    expect(await answerOf(patch(url, 0, 'hello', { 'Upload-Offset': '-1' }))).toEqual([
      400,
      'invalid Upload-Offset, expected a whole number of bytes\n',
    ])
    expect((await answerOf(post(app, {})))[1]).toBe('expected either Upload-Length or Upload-Defer-Length\n')
    expect((await answerOf(post(app, { 'Upload-Length': '1', 'Upload-Defer-Length': '1' })))[0]).toBe(400)
    expect((await post(app, { 'Upload-Length': '1', 'Upload-Metadata': 'filename ***' })).status).toBe(400)
    expect((await patch(`${app.url}/tus/unknown`, 0, 'x')).status).toBe(404)
    expect(await offsetOf(url)).toBe(0)
  })

  test('with more bytes than were announced takes none', async () => {
    const { url } = await createResumable(app, 5)

    expect((await patch(url, 0, 'hello!')).status).toBe(413)

    expect(await offsetOf(url)).toBe(0)
  })
})

test('OPTIONS tells what the server can', async () => {
  const app = await makeApp({ MAX_FILE_SIZE: '10GB' })

  const { status, headers } = await fetch(`${app.url}/tus`, { method: 'OPTIONS' })

  expect(status).toBe(204)
  expect(headers.get('tus-version')).toBe('1.0.0')
  expect(headers.get('tus-max-size')).toBe('10000000000')
  expect(headers.get('tus-extension')?.split(',')).toContain('creation-with-upload')
})

test('methods may be overridden, for clients that can only POST', async () => {
  const { url, link } = await createResumable(app, 5)
  const headers = {
    'Tus-Resumable': '1.0.0',
    'X-HTTP-Method-Override': 'PATCH',
    'Upload-Offset': '0',
    'Content-Type': 'application/offset+octet-stream',
  }

  expect((await fetch(url, { method: 'POST', headers, body: 'hello' })).status).toBe(204)

  expect(await answerOf(fetch(link))).toEqual([200, 'hello'])
})
