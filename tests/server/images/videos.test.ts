import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { box, filmFile } from '../../helpers/boxes.ts'
import { cameraFilm, iphoneFilm, PICTURES } from '../../helpers/films.ts'
import { sharedApp } from '../../helpers/make-app.ts'
import { createResumable, patch } from '../resumable/tus-requests.ts'
import { blobsOf, download, fileOfLink, givenImageFile } from './given.ts'

const REMOVED = ['gps', 'device', 'date', 'tags', 'telemetry']
const film = filmFile(iphoneFilm({ index: 'last' }))

function expectClean(delivered: Buffer): void {
  expect(delivered.length).toBe(film.length)
  expect(['+52.5', 'secret', 'Telephone'].filter((secret) => delivered.includes(secret))).toEqual([])
  for (const image of PICTURES) expect(delivered.indexOf(image)).toBe(film.indexOf(image))
}

const app = sharedApp()

test('a video is delivered without its position, and its JSON says what went', async () => {
  const before = blobsOf(app).length

  const { file, url } = await givenImageFile(app, film, 'film.mov')

  const delivered = await download(url)
  expectClean(delivered)
  expect(file).toMatchObject({
    fileMd5: createHash('md5').update(delivered).digest('hex'),
    media: { format: 'mov', status: 'stripped', removed: REMOVED },
  })
  expect(file).not.toHaveProperty('image')
  expect(blobsOf(app)).toHaveLength(before + 1)
})

test('a video whose length is not known, dribbled by its sender, is cleaned', async () => {
  const body = ReadableStream.from([film.subarray(0, 3), film.subarray(3, 50), film.subarray(50)])

  const response = await fetch(`${app.url}/film.mov`, { method: 'PUT', body, duplex: 'half' } as RequestInit)

  expectClean(await download((await response.text()).trim()))
})

test('a video that comes by tus is cleaned, and the received bytes are deleted', async () => {
  const before = blobsOf(app).length
  const { url, link } = await createResumable(app, film.length, { filename: 'film.mov' })

  await patch(url, 0, new Uint8Array(film.subarray(0, 500)))
  await patch(url, 500, new Uint8Array(film.subarray(500)))

  expect(await fileOfLink(link)).toMatchObject({ media: { status: 'stripped', removed: REMOVED } })
  expectClean(await download(link))
  expect(blobsOf(app)).toHaveLength(before + 1)
})

test('a video without metadata, and one that can’t be followed, stay unchanged', async () => {
  const clean = await download((await givenImageFile(app, filmFile(cameraFilm()), 'a.mp4')).url)
  const broken = new Uint8Array(Buffer.concat([box('ftyp', 'isom\0\0\0\0'), box('mdat', 'no index, but \xa9xyz')]))

  const again = await givenImageFile(app, new Uint8Array(clean), 'b.mp4')
  const odd = await givenImageFile(app, broken, 'c.mp4')

  expect(again.file).toMatchObject({ media: { format: 'mp4', status: 'unchanged', removed: [] } })
  expect(odd.file).toMatchObject({ media: { status: 'unchanged', reason: 'its index is missing', remaining: ['gps'] } })
  expect([await download(again.url), await download(odd.url)]).toEqual([clean, Buffer.from(broken)])
})

test('a video stays unchanged in an upload without normalisation', async () => {
  const { file, url } = await givenImageFile(app, film, 'film.mov', { normalize: false })

  expect(file).not.toHaveProperty('media')
  expect(await download(url)).toEqual(film)
})
