import { describe, expect, test } from 'vitest'
import { addFile, createUpload, givenFile } from '../../helpers/client.ts'
import { makeApp, sharedApp } from '../../helpers/make-app.ts'
import { ask, connected, get, statusOf, textOf } from './ask.ts'
import { givenDeclaredFile } from './given.ts'

const app = sharedApp()

describe('404', () => {
  test('is the answer for an upload that is not there', async () => {
    const { status, headers, body } = await get(`${app.url}/file/0123456789abcdef/0123456789abcdef/file.txt`)

    expect(status).toBe(404)
    expect(body.toString()).toBe('upload 0123456789abcdef not found\n')
    expect(headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(headers['x-content-type-options']).toBe('nosniff')
  })

  test('is the answer for a file that is not there', async () => {
    const { upload } = await givenFile(app)

    const { status, body } = await get(`${app.url}/file/${upload.id}/0123456789abcdef/file.txt`)

    expect(status).toBe(404)
    expect(body.toString()).toBe('file 0123456789abcdef not found\n')
  })

  test('is the answer for a file of another upload, as if it were not there', async () => {
    const { file } = await givenFile(app, {}, 'secret')
    const { upload: mine } = await givenFile(app)

    const { status, body } = await get(`${app.url}/file/${mine.id}/${file.id}/file.txt`)

    expect(status).toBe(404)
    expect(body.toString()).toBe(`file ${file.id} not found\n`)
  })

  test.each(['file', 'stream', 'archive'])('is the answer for a path of /%s that is too short', async (mode) => {
    expect((await get(`${app.url}/${mode}/abc`)).status).toBe(404)
  })

  test.each([
    '../../../etc/passwd',
    '..%2f..%2f..%2fetc%2fpasswd',
    '%00',
    '%2e%2e',
    "' or 1=1 --",
    '\u{1F600}'.repeat(50),
  ])('is the answer for an id such as %s', async (id) => {
    const { upload } = await givenFile(app)

    expect((await get(encodeURI(`${app.url}/file/${upload.id}/${id}/file.txt`))).status).toBe(404)
    expect((await get(encodeURI(`${app.url}/file/${id}/x/file.txt`))).status).toBe(404)
  })

  test('is the answer for a deleted file, which keeps its name', async () => {
    const { url, file } = await givenFile(app, { removable: true }, 'hello', 'note.txt')
    await fetch(url, { method: 'DELETE' })

    const { status, body } = await get(url)

    expect(status).toBe(404)
    expect(body.toString()).toBe(`file note.txt (${file.id}) is not available : deleted\n`)
  })

  test('is the answer for a file of a removed upload', async () => {
    const { url, upload } = await givenFile(app, { removable: true })
    await fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE' })

    expect((await get(url)).body.toString()).toBe(`upload ${upload.id} not found\n`)
  })

  test('is the answer for a file that was declared and has not come', async () => {
    const upload = await createUpload(app, { files: [{ fileName: 'later.txt', fileSize: 5 }] })
    const id = upload.files?.[0]?.id

    const { status, body } = await get(`${app.url}/file/${upload.id}/${id}/later.txt`)

    expect(status).toBe(404)
    expect(body.toString()).toBe(`file later.txt (${id}) is not available : missing\n`)
  })

  test('is the answer for a file that is still coming, of which no byte can be read', async () => {
    const upload = await createUpload(app, { files: [{ fileName: 'slow.txt' }] })
    const path = `/file/${upload.id}/${upload.files?.[0]?.id}/slow.txt`
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nX-UploadToken: ${upload.uploadToken}\r\nContent-Length: 900000\r\n`
    const part = '--b\r\nContent-Disposition: form-data; name="file"; filename="slow.txt"\r\n\r\n'
    const sender = await connected(app, `${head}Content-Type: multipart/form-data; boundary=b\r\n\r\n${part}secret`)

    await expect
      .poll(async () => (await get(app.url + path)).body.toString())
      .toBe(`file slow.txt (${upload.files?.[0]?.id}) is not available : uploading\n`)
    expect((await ask(app.url + path, { method: 'HEAD' })).status).toBe(404)
    sender.destroy()
  })

  test('comes at the very millisecond of expiry, between two ranges of one download', async () => {
    const app = await makeApp()
    const { url, upload } = await givenFile(app, { ttl: 60 }, '0123456789')

    app.advance(59_999)
    const before = await get(url, { Range: 'bytes=0-4' })
    app.advance(1)
    const after = await get(url, { Range: 'bytes=5-9' })

    expect(before.status).toBe(206)
    expect(after.status).toBe(404)
    expect(after.body.toString()).toBe(`upload ${upload.id} has expired\n`)
    expect((await ask(url, { method: 'HEAD' })).status).toBe(404)
  })
})

describe('the name in a link', () => {
  test.each(['other.txt', 'FILE.TXT', 'file.tx', 'file.txt.exe'])(
    'must be the name of the file, not %s',
    async (name) => {
      const { url } = await givenFile(app)

      const { status, body } = await get(url.replace('file.txt', name))

      expect(status).toBe(400)
      expect(body.toString()).toBe('invalid file name\n')
    },
  )

  test.each(['a b+c.txt', 'what?.txt', '50% #1.txt', 'a&b=c;d.txt', '"quoted".txt', '中文 🎉.txt', 'ü.txt'])(
    'may be %s',
    async (name) => {
      const { url } = await givenDeclaredFile(app, name)

      expect((await get(url)).body.toString()).toBe('hello')
    },
  )

  test('that is no UTF-8 is the fault of the client', async () => {
    const { url } = await givenFile(app)

    expect((await get(url.replace('file.txt', '%ff%fe'))).status).toBe(400)
    expect((await get(url.replace('file.txt', '%zz'))).status).toBe(400)
  })
})

describe('an error', () => {
  test('is JSON with the same message for clients that accept JSON', async () => {
    const { status, headers, body } = await get(`${app.url}/file/nope/nope/x`, {
      Accept: 'application/json, text/plain, */*',
    })

    expect(status).toBe(404)
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(JSON.parse(body.toString())).toMatchObject({ status: 404, detail: 'upload nope not found' })
  })

  test('has none of the headers of a file', async () => {
    const { url } = await givenFile(app)

    const { headers } = await get(url, { Range: 'bytes=99-' })

    expect(headers).not.toHaveProperty('etag')
    expect(headers).not.toHaveProperty('content-disposition')
    expect(headers).not.toHaveProperty('repr-digest')
    expect(headers['cache-control']).toBe('no-store')
  })

  test('comes for a wrong password before anything about the file', async () => {
    const { url, upload } = await givenFile(app, { login: 'ann', password: 'secret' })
    const wrong = { Authorization: `Basic ${btoa('ann:wrong')}` }

    expect((await get(url)).status).toBe(401)
    expect((await get(url, wrong)).status).toBe(401)
    expect((await ask(url, { method: 'HEAD' })).status).toBe(401)
    expect((await get(`${app.url}/file/${upload.id}/nothing/x`)).status).toBe(401)
    expect((await get(`${app.url}/archive/${upload.id}/x.zip`)).status).toBe(401)
    expect((await get(url, { Authorization: `Basic ${btoa('ann:secret')}` })).body.toString()).toBe('hello')
    expect((await get(url, { 'X-UploadToken': upload.uploadToken })).status).toBe(200)
  })

  test('of two Host headers is 400', async () => {
    const { url } = await givenFile(app)
    const request = `GET ${new URL(url).pathname} HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n`

    expect(statusOf(await textOf(await connected(app, request)))).toBe(400)
  })
})

test('a file can’t be changed by its link', async () => {
  const { url, upload } = await givenFile(app, {}, 'hello')

  expect((await ask(url, { method: 'PUT', body: 'changed' })).status).toBe(404)
  expect((await ask(url, { method: 'PATCH', body: 'changed' })).status).toBe(404)
  expect((await ask(url, { method: 'DELETE' })).status).toBe(403)
  await addFile(app, upload, 'another')
  expect((await get(url)).body.toString()).toBe('hello')
})
