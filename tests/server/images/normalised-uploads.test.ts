import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { jsonOf } from '../../helpers/answers.ts'
import { createUpload, fileForm } from '../../helpers/client.ts'
import { colourAt, secretsIn, storedPixels } from '../../helpers/images.ts'
import { makeApp } from '../../helpers/make-app.ts'
import {
  addImage,
  blobsOf,
  brokenPng,
  download,
  fileOfLink,
  givenImageFile,
  type ImageJson,
  logo,
  phonePhoto,
  spooled,
} from './given.ts'

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')

test('a photo is delivered without its GPS position, its pixels bit for bit the same', async () => {
  const app = await makeApp()
  const photo = await phonePhoto()

  const { file, url } = await givenImageFile(app, photo)

  const delivered = await download(url)
  expect(secretsIn(Buffer.from(photo))).not.toEqual([])
  expect(secretsIn(delivered)).toEqual([])
  expect((await sharp(delivered).metadata()).exif).toBeUndefined()
  expect(await storedPixels(delivered)).toEqual(await storedPixels(Buffer.from(photo)))
  expect(file.image).toEqual({
    dimensions: [48, 32],
    format: 'jpeg',
    status: 'stripped',
    removed: ['gps', 'exif'],
    originalSize: photo.length,
  })
})

test('a photo that was held sideways stands upright without anything that says so', async () => {
  const app = await makeApp()

  const { file, url } = await givenImageFile(app, await phonePhoto(6))

  const delivered = await download(url)
  const { width, height, orientation, exif } = await sharp(delivered).metadata()
  expect({ width, height, orientation, exif }).toEqual({ width: 48, height: 32 })
  const [red = 0, green = 0] = await colourAt(delivered, 4, 4)
  expect([red > 180, green < 80]).toEqual([true, true])
  const [r = 0, g = 0, b = 0] = await colourAt(delivered, 44, 28)
  expect([r > 180, g > 180, b < 110]).toEqual([true, true, true])
  expect(file.image).toMatchObject({ dimensions: [48, 32], status: 'normalised', removed: ['gps', 'exif'] })
})

test('size, digests and type in the JSON and in the headers are those of the stored bytes', async () => {
  const app = await makeApp()
  const photo = await phonePhoto()

  const { upload, file, url } = await givenImageFile(app, photo)

  const response = await fetch(url)
  const delivered = Buffer.from(await response.arrayBuffer())
  expect(delivered.length).toBeLessThan(photo.length)
  expect(file).toMatchObject({ fileSize: delivered.length, fileMd5: md5(delivered), fileType: 'image/jpeg' })
  expect(response.headers.get('content-length')).toBe(String(delivered.length))
  const digest = createHash('sha256').update(delivered).digest('base64')
  expect(response.headers.get('repr-digest')).toBe(`sha-256=:${digest}:`)
  const { files } = await jsonOf<{ files: ImageJson[] }>(fetch(`${app.url}/upload/${upload.id}`))
  expect(files).toEqual([file])
})

test('no key of the JSON about an image contains `id`, which Plik’s shell client looks for', async () => {
  const app = await makeApp()

  const { file } = await givenImageFile(app, await phonePhoto())

  expect(Object.keys(file.image ?? {}).filter((key) => key.includes('id'))).toEqual([])
})

test('a PNG keeps its transparency', async () => {
  const app = await makeApp()

  const { url } = await givenImageFile(app, await logo('#ff0000'), 'logo.png')

  const delivered = await download(url)
  expect(await colourAt(delivered, 2, 2)).toEqual([0, 0, 0, 0])
  expect(await colourAt(delivered, 32, 32)).toEqual([255, 0, 0, 255])
})

test('PNG bytes that are named .jpg stay a PNG', async () => {
  const app = await makeApp()

  const { file, url } = await givenImageFile(app, await logo('#00ff00'), 'photo.jpg')

  expect(file).toMatchObject({ fileName: 'photo.jpg', fileType: 'image/png', image: { format: 'png' } })
  expect((await sharp(await download(url)).metadata()).format).toBe('png')
})

test('an image that can’t be decoded is stored byte for byte, and says why', async () => {
  const app = await makeApp()
  const broken = await brokenPng()

  const { file, url } = await givenImageFile(app, broken, 'broken.png')

  expect(await download(url)).toEqual(Buffer.from(broken))
  expect(file).toMatchObject({ fileSize: broken.length, fileMd5: md5(broken) })
  expect(file.image).toMatchObject({ format: 'png', status: 'unchanged', removed: [], originalSize: broken.length })
  expect(file.image?.reason).toMatch(/\w/)
})

test('a JPEG whose structure is odd is encoded anew rather than left with its GPS position', async () => {
  const app = await makeApp()
  const photo = await phonePhoto()
  const end = 4 + Buffer.from(photo).readUInt16BE(4) // of the first segment
  const odd = new Uint8Array([...photo.subarray(0, end), 0, ...photo.subarray(end)])

  const { file, url } = await givenImageFile(app, odd)

  const delivered = await download(url)
  expect(secretsIn(delivered)).toEqual([])
  expect(file.image).toMatchObject({ status: 'normalised', dimensions: [48, 32] })
})

test('what is no image passes as it is, whatever its name', async () => {
  const app = await makeApp()
  const text = new TextEncoder().encode('no image at all')

  const { file, url } = await givenImageFile(app, text, 'photo.jpg')

  expect(file).not.toHaveProperty('image')
  expect(await download(url)).toEqual(Buffer.from(text))
})

test('a photo whose first bytes arrive one by one is stripped, too', async () => {
  const app = await makeApp()
  const photo = await phonePhoto()
  const body = ReadableStream.from(
    Array.from(photo.subarray(0, 20), (byte) => Uint8Array.of(byte)).concat(photo.slice(20)),
  )

  const response = await fetch(`${app.url}/photo.jpg`, { method: 'PUT', body, duplex: 'half' } as RequestInit)

  expect(secretsIn(await download((await response.text()).trim()))).toEqual([])
})

test('quick uploads, raw bodies and declared files are normalised alike', async () => {
  const app = await makeApp()
  const photo = await phonePhoto()
  const declared = await createUpload(app, { files: [{ fileName: 'photo.jpg', fileSize: photo.length }] })
  const slot = `${app.url}/file/${declared.id}/${declared.files?.[0]?.id}/photo.jpg`
  const headers = { 'X-UploadToken': declared.uploadToken }

  const form = await fetch(app.url, { method: 'POST', body: fileForm(photo, 'photo.jpg') })
  const raw = await fetch(`${app.url}/photo.jpg`, { method: 'PUT', body: photo })
  const filled = await jsonOf<ImageJson>(fetch(slot, { method: 'POST', headers, body: fileForm(photo, 'photo.jpg') }))

  expect(await fileOfLink(await form.text())).toMatchObject({ image: { status: 'stripped' } })
  expect(await fileOfLink(await raw.text())).toMatchObject({ image: { status: 'stripped' } })
  expect(filled).toMatchObject({ status: 'uploaded', image: { status: 'stripped' } })
  expect(secretsIn(await download(slot))).toEqual([])
})

test('every image of a form is normalised', async () => {
  const app = await makeApp()
  const body = fileForm(await phonePhoto(), 'a.jpg')
  body.append('file', new Blob([await phonePhoto()]), 'b.jpg')

  const response = await fetch(app.url, { method: 'POST', body })

  const [first = '', second = ''] = (await response.text()).trim().split('\n')
  expect(secretsIn(await download(first))).toEqual([])
  expect(secretsIn(await download(second))).toEqual([])
})

test('a one-shot photo is normalised and served once', async () => {
  const app = await makeApp()

  const { url } = await givenImageFile(app, await phonePhoto(), 'photo.jpg', { oneShot: true })

  expect(secretsIn(await download(url))).toEqual([])
  expect((await fetch(url)).status).toBe(404)
})

test('an archive holds the normalised bytes', async () => {
  const app = await makeApp()
  const { upload } = await givenImageFile(app, await phonePhoto())
  const { url } = await addImage(app, upload, await phonePhoto(3), 'b.jpg')

  const archive = await download(`${app.url}/archive/${upload.id}/all.zip`)

  expect(secretsIn(archive)).toEqual([])
  expect(archive.includes(await download(url))).toBe(true)
})

test('a photo that passes through a stream upload is left alone', async () => {
  const app = await makeApp()
  const photo = await phonePhoto()
  const upload = await createUpload(app, { stream: true, files: [{ fileName: 'photo.jpg' }] })
  const url = `${app.url}/stream/${upload.id}/${upload.files?.[0]?.id}/photo.jpg`
  const headers = { 'X-UploadToken': upload.uploadToken }

  const sent = fetch(url, { method: 'POST', headers, body: fileForm(photo, 'photo.jpg') })
  await expect.poll(async () => (await fetch(url, { method: 'HEAD' })).status).toBe(200)
  const delivered = await download(url)

  expect(delivered).toEqual(Buffer.from(photo))
  expect(await jsonOf(sent)).not.toHaveProperty('image')
  expect(spooled(app)).toEqual([])
})

test('the size limit counts the received bytes, before anything is worked on', async () => {
  const photo = await phonePhoto()
  const app = await makeApp({ MAX_FILE_SIZE: String(photo.length) })
  const upload = await createUpload(app)
  const longer = new Uint8Array([...photo, 0])
  const headers = { 'X-UploadToken': upload.uploadToken }

  const { file } = await addImage(app, upload, photo)
  const refused = await fetch(`${app.url}/file/${upload.id}`, { method: 'POST', headers, body: fileForm(longer) })

  expect(file.image?.originalSize).toBe(photo.length)
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('file too big')])
  expect(spooled(app)).toEqual([])
  expect(blobsOf(app)).toHaveLength(1)
})
