import { describe, expect, test } from 'vitest'
import { createUpload, givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { ask, get } from './ask.ts'
import { givenFiles } from './given.ts'

const DOMAIN = {
  DOWNLOAD_DOMAIN: 'https://dl.example.org',
  DOWNLOAD_DOMAIN_ALIAS: 'https://alias.example.org, http://10.0.0.1:8080',
}

describe('with a download domain', () => {
  test.each(['dl.example.org', 'DL.Example.org', 'alias.example.org', '10.0.0.1:8080'])(
    'a file is served to %s',
    async (host) => {
      const app = await makeApp(DOMAIN)
      const { url } = await givenFile(app)

      expect((await get(url, { Host: host })).status).toBe(200)
      expect((await ask(url, { method: 'HEAD', headers: { Host: host } })).status).toBe(200)
    },
  )

  test.each(['evil.example.org', 'dl.example.org:8443', '10.0.0.1', 'dl.example.org.evil.org', 'xdl.example.org'])(
    'a file is not served to %s',
    async (host) => {
      const app = await makeApp(DOMAIN)
      const { url } = await givenFile(app)

      const { status, body } = await get(url, { Host: host })

      expect(status).toBe(400)
      expect(body.toString()).toBe(`Invalid download domain ${host}\n`)
      expect((await ask(url, { method: 'HEAD', headers: { Host: host } })).status).toBe(400)
    },
  )

  test('no header of a proxy stands in for the Host', async () => {
    const app = await makeApp(DOMAIN)
    const { url } = await givenFile(app)

    const { status } = await get(url, { 'X-Forwarded-Host': 'dl.example.org', Forwarded: 'host=dl.example.org' })

    expect(status).toBe(400)
  })

  test('archives obey it, however they are asked for', async () => {
    const app = await makeApp(DOMAIN)
    const { upload, archive } = await givenFiles(app, {}, [['a.txt', 'a']])
    const post = { method: 'POST', body: '{}' }
    const dl = { Host: 'dl.example.org' }

    expect((await get(archive)).status).toBe(400)
    expect((await ask(archive, { method: 'HEAD' })).status).toBe(400)
    expect((await ask(`${app.url}/archive/${upload.id}`, post)).status).toBe(400)
    expect((await get(archive, dl)).status).toBe(200)
    expect((await ask(`${app.url}/archive/${upload.id}`, { ...post, headers: dl })).status).toBe(200)
  })

  test('uploading, metadata and deletion are the business of any Host', async () => {
    const app = await makeApp(DOMAIN)
    const { url, upload } = await givenFile(app, { removable: true })

    expect(upload.downloadDomain).toBe('https://dl.example.org')
    expect((await get(`${app.url}/upload/${upload.id}`)).status).toBe(200)
    expect((await ask(url, { method: 'DELETE' })).status).toBe(200)
  })

  test('it is looked at after upload, file, name and password, but before the status', async () => {
    const app = await makeApp(DOMAIN)
    const { upload, file, url } = await givenFile(app, { login: 'ann', password: 'secret' })
    const missing = await createUpload(app, { files: [{ fileName: 'later.txt' }] })
    const missingUrl = `${app.url}/file/${missing.id}/${missing.files?.[0]?.id}/later.txt`
    const token = { 'X-UploadToken': upload.uploadToken }

    expect((await get(`${app.url}/file/nope/${file.id}/file.txt`)).status).toBe(404)
    expect((await get(url)).status).toBe(401)
    expect((await get(`${app.url}/file/${upload.id}/nope/file.txt`, token)).status).toBe(404)
    expect((await get(`${app.url}/file/${upload.id}/${file.id}/other.txt`, token)).body.toString()).toBe(
      'invalid file name\n',
    )
    expect((await get(url, token)).body.toString()).toMatch(/^Invalid download domain 127\.0\.0\.1:\d+\n$/)
    expect((await get(missingUrl)).status).toBe(400)
    expect((await get(missingUrl, { Host: 'dl.example.org' })).status).toBe(404)
  })

  test('a refused Host takes no claim', async () => {
    const app = await makeApp(DOMAIN)
    const { url } = await givenFile(app, { oneShot: true })

    expect((await get(url, { 'User-Agent': 'one' })).status).toBe(400)
    expect((await get(url, { 'User-Agent': 'two', Host: 'dl.example.org' })).body.toString()).toBe('hello')
  })

  test('an archive with a wrong name is refused for its Host first', async () => {
    const app = await makeApp(DOMAIN)
    const { upload } = await givenFiles(app, {}, [['a.txt', 'a']])

    expect((await get(`${app.url}/archive/${upload.id}/a.tar`)).body.toString()).toMatch(/^Invalid download domain/)
  })
})

describe('a script of another origin', () => {
  const ORIGIN = { Origin: 'https://elsewhere.example' }

  test('may read a file and all that is said about it, without credentials', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app)

    const { headers } = await get(url, ORIGIN)

    expect(headers['access-control-allow-origin']).toBe('*')
    expect(headers['access-control-allow-credentials']).toBeUndefined()
    expect(headers['cross-origin-resource-policy']).toBe('cross-origin')
    expect(headers['access-control-expose-headers']?.split(', ')).toEqual(
      expect.arrayContaining([
        'Content-Disposition',
        'Content-Length',
        'Content-Range',
        'Accept-Ranges',
        'ETag',
        'Last-Modified',
        'Repr-Digest',
        'Retry-After',
      ]),
    )
  })

  test.each([
    ['a part', { Range: 'bytes=1-2' }, 206],
    ['an impossible part', { Range: 'bytes=99-' }, 416],
    ['what it has already', { 'If-None-Match': '*' }, 304],
    ['what changed', { 'If-Match': '"x"' }, 412],
  ])('may read the answer for %s', async (_, headers, status) => {
    const app = await makeApp()
    const { url } = await givenFile(app)

    const reply = await get(url, { ...ORIGIN, ...headers })

    expect(reply.status).toBe(status)
    expect(reply.headers['access-control-allow-origin']).toBe('*')
    expect(reply.headers['access-control-expose-headers']).toContain('Content-Range')
  })

  test('may read archives and errors', async () => {
    const app = await makeApp()
    const { archive } = await givenFiles(app, {}, [['a.txt', 'a']])

    expect((await get(archive, ORIGIN)).headers['access-control-allow-origin']).toBe('*')
    expect((await get(`${app.url}/file/no/no/no`, ORIGIN)).headers['access-control-allow-origin']).toBe('*')
  })

  test('may ask beforehand whether it may send Range, Authorization and what else it likes', async () => {
    const app = await makeApp()
    const { url } = await givenFile(app, { oneShot: true })
    const asked = {
      'Access-Control-Request-Method': 'GET',
      'Access-Control-Request-Headers': 'range, authorization, if-range',
    }

    const { status, headers } = await ask(url, { method: 'OPTIONS', headers: { ...ORIGIN, ...asked } })

    expect([200, 204]).toContain(status)
    expect(headers['access-control-allow-origin']).toBe('*')
    expect(headers['access-control-allow-headers']).toBe('range, authorization, if-range')
    expect(headers['access-control-allow-methods']).toMatch(/GET.*HEAD.*POST/)
    expect(headers['access-control-allow-credentials']).toBeUndefined()
    expect((await get(url)).body.toString()).toBe('hello')
  })
})
