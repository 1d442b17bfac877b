import sharp from 'sharp'
import { expect, test } from 'vitest'
import { answerOf } from '../../helpers/answers.ts'
import { createUpload, fileForm, givenFile } from '../../helpers/client.ts'
import { colourAt } from '../../helpers/images.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { ask } from '../downloads/ask.ts'
import { addImage, blobsOf, brokenPng, download, givenImageFile, logo, phonePhoto, spooled } from './given.ts'

/** Larger than the smallest size on offer: 300 × 200. */
const wide = async () =>
  new Uint8Array(
    await sharp({ create: { width: 300, height: 200, channels: 3, background: '#3060c0' } })
      .jpeg()
      .toBuffer(),
  )

const shapeOf = async (bytes: Buffer) => {
  const { width, height, format } = await sharp(bytes).metadata()
  return { width, height, format }
}

test('an image is available in a smaller size, in its own format', async () => {
  const app = await makeApp()
  const { url } = await givenImageFile(app, await wide())

  expect(await shapeOf(await download(`${url}?width=64`))).toEqual({ width: 64, height: 43, format: 'jpeg' })
  expect(await shapeOf(await download(`${url}?height=64`))).toEqual({ width: 96, height: 64, format: 'jpeg' })
})

test('a box is fitted into, covered, or filled', async () => {
  const app = await makeApp()
  const { url } = await givenImageFile(app, await wide())

  expect(await shapeOf(await download(`${url}?width=64&height=64`))).toMatchObject({ width: 64, height: 43 })
  expect(await shapeOf(await download(`${url}?width=64&height=64&fit=cover`))).toMatchObject({ width: 64, height: 64 })
  expect(await shapeOf(await download(`${url}?width=64&height=64&fit=fill`))).toMatchObject({ width: 64, height: 64 })
})

test.for([
  ['jpeg', 'image/jpeg', 'logo.jpg'],
  ['png', 'image/png', 'logo.png'],
  ['webp', 'image/webp', 'logo.webp'],
  ['avif', 'image/avif', 'logo.avif'],
] as const)('as %s an image has its type, its name and headers that keep it inert', async ([format, type, name]) => {
  const app = await makeApp()
  const { url } = await givenImageFile(app, await logo('#ff0000'), 'logo.png')

  const { status, headers, body } = await ask(`${url}?format=${format}`)

  expect(status).toBe(200)
  expect((await sharp(body).metadata()).format).toBe(format === 'avif' ? 'heif' : format)
  expect(headers).toMatchObject({
    'content-type': type,
    'content-disposition': `inline; filename="${name}"; filename*=UTF-8''${name}`,
    'content-length': String(body.length),
    'accept-ranges': 'bytes',
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringContaining('sandbox'),
  })
})

test('a logo of any colour can be seen when it becomes a JPEG', async () => {
  const app = await makeApp()
  const { url: white } = await givenImageFile(app, await logo('#fdfdfd'), 'white.png')
  const { url: red } = await givenImageFile(app, await logo('#ff0000'), 'red.png')

  const [behindWhite = 255] = await colourAt(await download(`${white}?format=jpeg`), 2, 2)
  const [behindRed = 0] = await colourAt(await download(`${red}?format=jpeg`), 2, 2)
  const [behindChosen = 255] = await colourAt(await download(`${red}?format=jpeg&background=black`), 2, 2)

  expect(behindWhite).toBeLessThan(60)
  expect(behindRed).toBeGreaterThan(245)
  expect(behindChosen).toBeLessThan(10)
})

test('a derived image of a file that was left alone has no metadata and stands upright', async () => {
  const app = await makeApp()
  const { url } = await givenImageFile(app, await phonePhoto(6), 'photo.jpg', { normalize: false })

  const derived = await download(`${url}?format=webp`)

  const { width, height, exif, orientation } = await sharp(derived).metadata()
  expect({ width, height, exif, orientation }).toEqual({ width: 48, height: 32 })
})

test('it has an ETag of its own, conditions and ranges', async () => {
  const app = await makeApp()
  const { url } = await givenImageFile(app, await wide())
  const small = `${url}?width=64&format=png`

  const whole = await ask(small)
  const etag = String(whole.headers.etag)
  const file = await ask(url)
  const unchanged = await ask(small, { headers: { 'If-None-Match': etag } })
  const part = await ask(small, { headers: { Range: 'bytes=1-3', 'If-Range': etag } })
  const head = await ask(small, { method: 'HEAD' })
  const outside = await ask(small, { headers: { Range: 'bytes=999999-' } })

  expect(etag).toMatch(/^"[0-9a-f]{64}"$/)
  expect(etag).not.toBe(file.headers.etag)
  expect([unchanged.status, unchanged.body.length]).toEqual([304, 0])
  expect([part.status, part.body.toString()]).toEqual([206, 'PNG'])
  expect(part.headers['content-range']).toBe(`bytes 1-3/${whole.body.length}`)
  expect([head.status, head.headers.etag, head.headers['content-length']]).toEqual([200, etag, `${whole.body.length}`])
  expect(outside.status).toBe(416)
})

test.for([
  ['format=bmp', 'invalid format, allowed: jpeg, png, webp, avif'],
  ['format=', 'invalid format, allowed: jpeg, png, webp, avif'],
  ['format=png&format=jpeg', 'invalid format, allowed: jpeg, png, webp, avif'],
  ['fit=crop', 'invalid fit, allowed: inside, outside, cover, contain, fill'],
  ['width=0', 'invalid width, allowed: pixels from 1 to 4096'],
  ['width=4097', 'invalid width, allowed: pixels from 1 to 4096'],
  ['width=64.5', 'invalid width, allowed: pixels from 1 to 4096'],
  ['height=-1', 'invalid height, allowed: pixels from 1 to 4096'],
  ['height=100', 'invalid height, allowed: 64, 128, 256, 512, 1024, 2048; with the upload token any'],
  ['width=4096', 'invalid width, allowed: 64, 128, 256, 512, 1024, 2048; with the upload token any'],
  ['background=plaid', 'invalid background, allowed: white, black or a colour such as 1b1b1b'],
  ['background=123456', 'invalid background, allowed: white, black; with the upload token any'],
] as const)('a stranger who asks for ?%s is told what is allowed', async ([query, message]) => {
  const app = await makeApp()
  const { url } = await givenImageFile(app, await logo('#ff0000'), 'logo.png')

  expect(await answerOf(fetch(`${url}?${query}`))).toEqual([400, `${message}\n`])
  expect(blobsOf(app)).toHaveLength(1)
})

test('the upload’s admin may ask for any size and colour', async () => {
  const app = await makeApp()
  const { upload, url } = await givenImageFile(app, await wide())
  const headers = { 'X-UploadToken': upload.uploadToken }

  const derived = await download(`${url}?width=100&height=100&fit=contain&background=%23102030&format=png`, { headers })

  expect(await shapeOf(derived)).toEqual({ width: 100, height: 100, format: 'png' })
  expect(await colourAt(derived, 50, 2)).toEqual([0x10, 0x20, 0x30])
})

test('what is no image, or can’t be decoded, has no derived images', async () => {
  const app = await makeApp()
  const { url: text } = await givenFile(app)
  const { url: broken } = await givenImageFile(app, await brokenPng(), 'broken.png')

  expect(await answerOf(fetch(`${text}?width=64`))).toEqual([400, expect.stringContaining('is not an image')])
  expect(await answerOf(fetch(`${broken}?width=64`))).toEqual([
    406,
    expect.stringContaining('cannot convert this image'),
  ])
  expect(spooled(app)).toEqual([])
})

test.for([{ oneShot: true }, { maxDownloads: 2 }])('none is made of a limited file (%o)', async (options) => {
  const app = await makeApp()
  const { url } = await givenImageFile(app, await logo('#ff0000'), 'logo.png', options)

  expect((await fetch(`${url}?width=64`)).status).toBe(403)
  expect((await fetch(`${url}?width=64`, { method: 'HEAD' })).status).toBe(403)
  expect(await shapeOf(await download(url))).toMatchObject({ width: 64 })
})

test('none is made of a stream', async () => {
  const app = await makeApp()
  const upload = await createUpload(app, { stream: true, files: [{ fileName: 'logo.png' }] })
  const url = `${app.url}/stream/${upload.id}/${upload.files?.[0]?.id}/logo.png`
  const headers = { 'X-UploadToken': upload.uploadToken }
  const sent = fetch(url, { method: 'POST', headers, body: fileForm(await logo('#ff0000'), 'logo.png') })
  await expect.poll(async () => (await fetch(url, { method: 'HEAD' })).status).toBe(200)

  expect((await fetch(`${url}?width=64`)).status).toBe(403)

  await download(url)
  await sent
})

test('a password guards derived images as it guards the file, and no cache may keep them', async () => {
  const app = await makeApp()
  const { url } = await givenImageFile(app, await wide(), 'photo.jpg', { password: 'secret' })
  const headers = { Authorization: `Basic ${btoa('plik:secret')}` }

  const allowed = await fetch(`${url}?width=64`, { headers })

  expect((await fetch(`${url}?width=64`)).status).toBe(401)
  expect([allowed.status, allowed.headers.get('cache-control')]).toEqual([200, 'no-cache, no-store, must-revalidate'])
})

test('they are gone in the millisecond in which the upload expires, and with a removed file', async () => {
  const app = await makeApp()
  const { upload, url } = await givenImageFile(app, await wide(), 'photo.jpg', { ttl: 60 })
  const { url: other } = await addImage(app, upload, await wide(), 'other.jpg')
  await download(`${url}?width=64`)
  await download(`${other}?width=64`)

  await fetch(other, { method: 'DELETE', headers: { 'X-UploadToken': upload.uploadToken } })
  expect((await fetch(`${other}?width=64`)).status).toBe(404)
  app.advance(59_999)
  expect((await fetch(`${url}?width=64`)).status).toBe(200)
  app.advance(1)
  expect((await fetch(`${url}?width=64`)).status).toBe(404)
})

test('the download domain alone serves them', async () => {
  const app = await makeApp({ DOWNLOAD_DOMAIN: 'https://dl.example.org' })
  const { url } = await givenImageFile(app, await wide())

  expect((await ask(`${url}?width=64`)).status).toBe(400)
  expect((await ask(`${url}?width=64`, { headers: { Host: 'dl.example.org' } })).status).toBe(200)
})

test('their bytes are kept, known to the sweep, and deleted with those of the file', async () => {
  const app = await makeApp()
  const { upload, url } = await givenImageFile(app, await wide())
  const first = await download(`${url}?width=64`)
  await download(`${url}?width=128`)
  await download(`${url}?format=jpeg&width=64`) // the same as the first
  expect(blobsOf(app)).toHaveLength(3)

  app.advance(25 * 3_600_000)
  const { orphans } = await app.maintenance.clean()
  expect(orphans.quarantined).toEqual({ blobs: 0, bytes: 0 })
  expect(await download(`${url}?width=64`)).toEqual(first)

  await fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE', headers: { 'X-UploadToken': upload.uploadToken } })
  await app.maintenance.purge()
  expect(blobsOf(app)).toEqual([])
  expect(spooled(app)).toEqual([])
})

test('parallel requests for the same image get the same, and one copy is kept', async () => {
  const app = await makeApp()
  const { url } = await givenImageFile(app, await wide())

  const replies = await Promise.all(Array.from({ length: 20 }, () => ask(`${url}?width=256&format=webp`)))

  expect(new Set(replies.map(({ status, headers }) => `${status} ${headers.etag}`)).size).toBe(1)
  expect(replies[0]?.status).toBe(200)
  expect(blobsOf(app)).toHaveLength(2)
})
