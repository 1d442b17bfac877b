import { afterEach, expect, test, vi } from 'vitest'
import { createUpload, fileForm } from '../../helpers/client.ts'
import { sidewaysPng } from '../../helpers/images.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { rawClient } from '../../helpers/raw-client.ts'
import { givenGuest } from '../file-requests/given.ts'
import { createResumable, head, patch } from '../resumable/tus-requests.ts'
import { blobsOf, download, fileOfLink, givenImageFile, phonePhoto, spooled, spooledFiles } from './given.ts'

/** What becomes of images that can't be cleaned now, whichever way they come; and of those whose senders left. */

const sharp = vi.hoisted(() => ({ isBroken: false }))
vi.mock(import('../../../server/images/pipeline/load-sharp.ts'), async (original) => {
  const { loadSharp } = await original()
  return {
    loadSharp: async () => {
      if (sharp.isBroken) throw new Error('libvips is out of order')
      return loadSharp()
    },
  }
})
afterEach(() => {
  sharp.isBroken = false
})

const REFUSAL = 'the server could not clean this image, please try again'

/** The ways in that take all bytes in one request and keep none. */
const AT_ONCE: [
  string,
  (app: TestApp, photo: Uint8Array<ArrayBuffer>) => Promise<{ path: string; init: RequestInit }>,
][] = [
  ['a form', async (_app, photo) => ({ path: '/', init: { method: 'POST', body: fileForm(photo, 'photo.jpg') } })],
  ['a PUT', async (_app, photo) => ({ path: '/photo.jpg', init: { method: 'PUT', body: photo } })],
  [
    'an added file',
    async (app, photo) => {
      const { id, uploadToken } = await createUpload(app)
      const headers = { 'X-UploadToken': uploadToken }
      return { path: `/file/${id}`, init: { method: 'POST', headers, body: fileForm(photo, 'photo.jpg') } }
    },
  ],
  [
    'a declared file',
    async (app, photo) => {
      const { id, uploadToken, files } = await createUpload(app, { files: [{ fileName: 'photo.jpg' }] })
      const headers = { 'X-UploadToken': uploadToken }
      const path = `/file/${id}/${files?.[0]?.id}/photo.jpg`
      return { path, init: { method: 'POST', headers, body: fileForm(photo, 'photo.jpg') } }
    },
  ],
  [
    'a guest’s form',
    async (app, photo) => {
      const { request } = await givenGuest(app)
      const headers = { 'X-RequestToken': request.requestToken }
      return { path: '/request', init: { method: 'POST', headers, body: fileForm(photo, 'photo.jpg') } }
    },
  ],
  [
    'a guest’s PUT',
    async (app, photo) => {
      const { request } = await givenGuest(app)
      const headers = { 'X-RequestToken': request.requestToken }
      return { path: '/request/photo.jpg', init: { method: 'PUT', headers, body: photo } }
    },
  ],
]

test.for(AT_ONCE)(
  '%s whose image can’t be cleaned is refused with 503, and nothing is published',
  async ([, request]) => {
    const app = await makeApp()
    const { path, init } = await request(app, await phonePhoto())
    sharp.isBroken = true

    const response = await fetch(`${app.url}${path}`, init)

    expect([response.status, await response.text()]).toEqual([503, `${REFUSAL}\n`])
    expect(response.headers.get('retry-after')).toBe('60')
    expect(blobsOf(app)).toEqual([])
    expect(spooled(app)).toEqual([])
  },
)

test('a tus upload whose image can’t be cleaned is finished by asking once more, without its bytes', async () => {
  const app = await makeApp()
  const photo = await phonePhoto()
  const { url, link } = await createResumable(app, photo.length, { filename: 'photo.jpg' })
  sharp.isBroken = true

  const refused = await patch(url, 0, photo)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '60'])
  expect((await head(url)).status).toBe(503)
  expect((await fetch(link)).status).not.toBe(200)

  sharp.isBroken = false
  expect((await head(url)).headers.get('upload-offset')).toBe(`${photo.length}`)
  expect(await fileOfLink(link)).toMatchObject({ status: 'uploaded', image: { status: 'stripped' } })
})

test('an upload of the IETF’s draft whose image can’t be cleaned is finished by an empty request', async () => {
  const app = await makeApp()
  const photo = await phonePhoto()
  const headers = { 'Upload-Complete': '?1', 'Content-Disposition': 'attachment; filename="photo.jpg"' }
  sharp.isBroken = true

  const refused = await fetch(`${app.url}/tus`, { method: 'POST', headers, body: photo })
  expect(refused.status).toBe(503)

  sharp.isBroken = false
  const url = new URL(refused.headers.get('location') ?? '', app.url)
  const rest = { 'Upload-Offset': `${photo.length}`, 'Upload-Complete': '?1' }
  const finished = await fetch(url, { method: 'PATCH', headers: rest })
  expect(await fileOfLink(await finished.text())).toMatchObject({ image: { status: 'stripped' } })
})

test('a PUT that can be resumed says how when its image can’t be cleaned, and when to come again', async () => {
  const app = await makeApp()
  const photo = await phonePhoto()
  sharp.isBroken = true

  const refused = await fetch(`${app.url}/photo.jpg`, {
    method: 'PUT',
    headers: { 'Upload-Complete': '?1' },
    body: photo,
  })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '60'])
  expect(await refused.text()).toContain(`${REFUSAL}\nThe data received so far is kept.`)

  sharp.isBroken = false
  const url = new URL(refused.headers.get('location') ?? '', app.url)
  const range = { 'Content-Range': `bytes ${photo.length}-${photo.length - 1}/${photo.length}` }
  const inspected = await fetch(url, { method: 'HEAD', headers: range })
  expect(inspected.headers.get('upload-complete')).toBe('?1')
})

test.for(AT_ONCE)('%s whose sender leaves while its image is worked on ends there', async ([, request]) => {
  const app = await makeApp()
  const { path, init } = await request(app, new Uint8Array(sidewaysPng(8_000, 5_000)))
  const hangUp = new AbortController()

  const sent = fetch(`${app.url}${path}`, { ...init, signal: hangUp.signal }).catch(() => 'gone')
  await expect.poll(() => spooledFiles(app), { interval: 5 }).toContain('output.attempt')
  hangUp.abort()

  expect(await sent).toBe('gone')
  await expect.poll(() => spooled(app)).toEqual([])
  expect(blobsOf(app)).toEqual([])
})

test('a tus upload whose sender leaves while its image is worked on is finished when the sender comes back', async () => {
  const app = await makeApp()
  const image = sidewaysPng(8_000, 5_000)
  const { url, link } = await createResumable(app, image.length, { filename: 'photo.png' })
  const sender = await rawClient(app.url)
  await sender.send(
    `PATCH ${new URL(url).pathname} HTTP/1.1\r\nHost: h\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n`,
  )
  await sender.send(`Content-Type: application/offset+octet-stream\r\nContent-Length: ${image.length}\r\n\r\n`)
  await sender.send(image)
  await expect.poll(() => spooledFiles(app), { interval: 5 }).toContain('output.attempt')

  sender.socket.destroy()
  await expect.poll(() => spooled(app)).toEqual([])
  expect((await fetch(link)).status).not.toBe(200)

  expect((await head(url)).status).toBe(200)
  expect(await fileOfLink(link)).toMatchObject({ image: { status: 'normalised', dimensions: [5_000, 8_000] } })
})

test('a variant whose clients have all disconnected is aborted, and made at the next request', async () => {
  const app = await makeApp()
  const { url } = await givenImageFile(app, new Uint8Array(sidewaysPng(8_000, 5_000)), 'photo.png', {
    normalize: false,
  })
  const hangUp = new AbortController()
  const stored = blobsOf(app)

  const asked = fetch(`${url}?width=2048&format=png`, { signal: hangUp.signal }).catch(() => 'gone')
  await expect.poll(() => spooled(app), { interval: 5 }).toHaveLength(1)
  hangUp.abort()

  expect(await asked).toBe('gone')
  await expect.poll(() => spooled(app)).toEqual([])
  expect(blobsOf(app)).toEqual(stored)
  expect((await download(`${url}?width=64&format=png`)).length).toBeGreaterThan(0)
})
