import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { filmFile } from '../../helpers/boxes.ts'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { iphoneFilm, PICTURES } from '../../helpers/films.ts'
import {
  fourCorners,
  image,
  orientationExif,
  PHONE_EXIF,
  secretsIn,
  storedPixels,
  withPngChunk,
  withTiffFields,
} from '../../helpers/images.ts'
import { sharedApp } from '../../helpers/make-app.ts'
import { slowLine } from '../../helpers/slow-line.ts'
import { choose, closeWhileSending, fileOf, offsetsSentBy, saved, send } from './page-tests.ts'

const turnedJpeg = (): Promise<Buffer> =>
  image(fourCorners()).withExif(PHONE_EXIF).withMetadata({ orientation: 6 }).jpeg().toBuffer()

const largePng = async (): Promise<Buffer> => {
  const raw = { width: 2000, height: 2000, channels: 3 } as const
  const png = await sharp(randomBytes(12_000_000), { raw }).png({ compressionLevel: 0 }).toBuffer()
  return withPngChunk(withPngChunk(png, 'tEXt', Buffer.from('secret')), 'eXIf', orientationExif(6).subarray(6))
}

async function encrypt(page: Page): Promise<void> {
  await page.getByText('Options').click()
  await page.getByLabel('Encrypt end to end').check()
}

const fetched = async (page: Page, name: string): Promise<Buffer> =>
  (await saved(page, () => page.getByRole('button', { name: `Download ${name}` }).click())).bytes

describe.skipIf(!hasBrowser())('photos and videos that the server can’t read', () => {
  const app = sharedApp()
  const open = useBrowser()

  test('lose what is personal before they are encrypted, and the page says so, or that it is still there', async () => {
    const page = await open()
    await page.goto(`${app.url}/`)
    const tiff = await image(fourCorners()).tiff().toBuffer()
    const place = { tag: 34853, value: [{ tag: 29, value: '2026:11:23' }] }
    const rawImage = withTiffFields(tiff, [place, { tag: 50706, value: 1 }])
    await choose(page, [
      fileOf('film.mov', filmFile(iphoneFilm())),
      fileOf('photo.jpg', await turnedJpeg()),
      fileOf('scan.tiff', withTiffFields(tiff, [place, { tag: 315, value: 'Anna Person' }])),
      fileOf('sensor.dng', rawImage),
      fileOf('text.txt', 'a text'),
    ])
    await encrypt(page)
    await send(page)

    const notes = await page.locator('.received .file').allTextContents()
    const [film, photo, scan, raw] = [
      await fetched(page, 'film.mov'),
      await fetched(page, 'photo.jpg'),
      await fetched(page, 'scan.tiff'),
      await fetched(page, 'sensor.dng'),
    ]

    expect(notes[0]).toContain('Removed: location, device, date, notes, sensor data')
    expect(notes[1]).toContain('Removed: location, camera data')
    expect(notes[2]).toContain('Removed: location, camera data')
    expect(notes[3]).toContain('Still contains its location')
    expect(notes[4]).not.toContain('Removed')
    expect([secretsIn(film), secretsIn(photo.subarray(200)), secretsIn(scan)]).toEqual([[], [], []])
    expect(PICTURES.filter((sample) => !film.includes(sample))).toEqual([])
    expect((await sharp(photo).metadata()).orientation).toBe(6)
    expect(await storedPixels(scan)).toEqual(await storedPixels(tiff))
    expect(raw.equals(rawImage)).toBe(true)
  })

  test('lose it when they are only passed on, too', async () => {
    const sender = await open()
    await sender.goto(`${app.url}/`)
    await choose(sender, [fileOf('photo.jpg', await turnedJpeg())])
    await sender.getByText('Options').click()
    await sender.getByLabel('Stream instead of storing').check()
    await sender.getByRole('button', { name: /^Send 1 file/ }).click()
    await sender.getByText('Removed: location, camera data').waitFor()
    const receiver = await open()
    await receiver.goto(await sender.getByLabel('Go to the link').inputValue())

    const file = await saved(receiver, () => receiver.getByRole('link', { name: 'Download photo.jpg' }).click())

    expect(secretsIn(file.bytes.subarray(200))).toEqual([])
  })

  test('stay unchanged if the user wants that', async () => {
    const page = await open()
    await page.goto(`${app.url}/`)
    const original = await turnedJpeg()
    await choose(page, [fileOf('photo.jpg', original)])
    await encrypt(page)
    await page.getByLabel('Keep the metadata').check()
    await send(page)

    expect((await fetched(page, 'photo.jpg')).equals(original)).toBe(true)
  })

  test('continue from where they were when the page was closed', { timeout: 60_000 }, async () => {
    const line = await slowLine(() => app.url)
    const original = await largePng()
    const page = await open()
    await page.goto(`${line.url}/`)
    await choose(page, [fileOf('large.png', original)])
    await encrypt(page)

    const later = await closeWhileSending(page, line)
    const offsets = offsetsSentBy(later)
    await later.goto(`${line.url}/`)
    await later.locator('.unfinished input[type=file]').setInputFiles([fileOf('large.png', original)])
    await later.getByRole('heading', { name: 'Your link is ready' }).waitFor()
    const clean = await fetched(later, 'large.png')

    expect(offsets.at(0)).toBeGreaterThan(0)
    expect([secretsIn(original), secretsIn(clean)]).toEqual([['secret'], []])
    expect((await sharp(clean).metadata()).orientation).toBe(6)
  })
})

describe.skipIf(!hasBrowser())('a document that is chosen', () => {
  const app = sharedApp()
  const open = useBrowser()

  test('is said to name its author, if it does', async () => {
    const page = await open()
    await page.goto(`${app.url}/`)

    await choose(page, [fileOf('named.pdf', '%PDF-1.4 << /Author (Anna) >>'), fileOf('nameless.pdf', '%PDF-1.4')])

    await page.locator('.file', { hasText: 'named.pdf' }).getByText('Contains the author’s name').waitFor()
    expect(await page.getByText('Contains the author’s name').count()).toBe(1)
  })
})
