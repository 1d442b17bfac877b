import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import {
  adobeRgbProfile,
  fourCorners,
  image,
  PHONE_EXIF,
  secretsIn,
  storedPixels,
  withTiffFields,
  XMP,
} from '../../../helpers/images.ts'
import { givenImage, normalised } from './given-pipeline.ts'

const tiff = (options = {}) => image(fourCorners()).tiff({ compression: 'lzw', ...options })

/** As a scanner with a GPS would write it. */
const METADATA = [
  { tag: 270, value: 'secret description' },
  { tag: 315, value: 'Anna Person' },
  { tag: 34665, value: [{ tag: 0x9286, value: 'secret note of a user' }] },
  { tag: 34853, value: [{ tag: 29, value: '2026:11:23 secret' }] },
]

test('a TIFF loses its metadata in place and keeps every bit of its pixels', async () => {
  const { report, input, output } = await normalised(withTiffFields(await tiff().withXmp(XMP).toBuffer(), METADATA))

  expect(report).toMatchObject({ format: 'tiff', status: 'stripped', dimensions: [48, 32] })
  expect(report?.removed).toEqual(['gps', 'exif', 'xmp', 'comment'])
  expect(await storedPixels(output)).toEqual(await storedPixels(input))
  const bytes = readFileSync(output, 'latin1')
  expect(secretsIn(bytes)).toEqual([])
  expect((await sharp(output).metadata()).xmp).toBe(undefined)
})

test('pages of a TIFF stay, and each loses its metadata', async () => {
  const page = await image(fourCorners()).png().toBuffer()
  const pages = sharp([page, page], { join: { animated: true } })

  const { report, output } = await normalised(await pages.withXmp(XMP).tiff({ compression: 'deflate' }).toBuffer())

  expect(report).toMatchObject({ status: 'stripped', removed: ['xmp'], dimensions: [48, 32] })
  expect(await sharp(output).metadata()).toMatchObject({ pages: 2 })
  expect(readFileSync(output, 'latin1')).not.toContain('xmpmeta')
})

test('a TIFF in Adobe RGB becomes sRGB without loss, at the same resolution', async () => {
  const profile = givenImage(adobeRgbProfile(), 'adobe.icc')
  const source = await tiff({ xres: 11.811, yres: 11.811 }).withIccProfile(profile).toBuffer()

  const { report, output } = await normalised(source)

  expect(report).toMatchObject({ format: 'tiff', status: 'normalised' })
  expect(await sharp(output).metadata()).toMatchObject({ hasProfile: false, density: 300, space: 'srgb' })
  const { data } = await storedPixels(output)
  expect([...data.subarray(0, 3)]).toEqual([220, 30, 30].map((value) => expect.closeTo(value, -0.8)))
})

test.for([
  ['a DNG', [{ tag: 50706, value: 0x0401 }]],
  ['a NEF or ARW, with the sensor’s data below its preview', [{ tag: 330, value: 8 }]],
  ['a preview', [{ tag: 254, value: 1 }]],
])('a raw image of a camera is left alone: %s', async ([, fields]) => {
  const raw = withTiffFields(await tiff().toBuffer(), [...METADATA, ...(fields as { tag: number; value: number }[])])

  const { report, hasOutput } = await normalised(raw)

  expect(report).toMatchObject({ status: 'unchanged', reason: expect.stringContaining('raw image'), removed: [] })
  expect(report?.remaining).toEqual(['gps', 'exif'])
  expect(hasOutput).toBe(false)
})

test('a TIFF whose directories go round in a circle is left alone', async () => {
  const circle = await tiff().toBuffer()
  const start = circle.readUInt32LE(4)
  circle.writeUInt32LE(start, start + 2 + 12 * circle.readUInt16LE(start))

  const { report } = await normalised(circle)

  expect(report).toMatchObject({ status: 'unchanged', reason: expect.any(String) })
})

test('an AVIF loses EXIF and XMP and keeps every bit of its pixels', async () => {
  const { report, input, output } = await normalised(
    await image(fourCorners()).withExif(PHONE_EXIF).withXmp(XMP).avif({ lossless: true }).toBuffer(),
  )

  expect(report).toMatchObject({
    format: 'avif',
    status: 'stripped',
    removed: ['gps', 'exif', 'xmp'],
    dimensions: [48, 32],
  })
  const { exif, xmp } = await sharp(output).metadata()
  expect({ exif, xmp }).toEqual({})
  expect(await storedPixels(output)).toEqual(await storedPixels(input))
  const bytes = readFileSync(output, 'latin1')
  expect(secretsIn(bytes)).toEqual([])
})

test('an AVIF in Display P3 becomes sRGB', async () => {
  const avif = await image(fourCorners()).withIccProfile('p3').withExif(PHONE_EXIF).avif({ quality: 90 }).toBuffer()

  const { report, output } = await normalised(avif)

  expect(report).toMatchObject({ format: 'avif', status: 'normalised', dimensions: [48, 32], removed: ['gps', 'exif'] })
  const { hasProfile, exif, mediaType } = await sharp(output).metadata()
  expect({ hasProfile, exif, mediaType }).toEqual({ hasProfile: false, mediaType: 'image/avif' })
  const { data } = await storedPixels(output)
  expect([...data.subarray(0, 3)]).toEqual([220, 30, 30].map((value) => expect.closeTo(value, -0.8)))
})

test('an AVIF with a track of frames is left alone, since only its first would be left', async () => {
  const sequence = Buffer.from('\0\0\0\x1cftypavis\0\0\0\0avifavismiaf', 'latin1')

  const { report } = await normalised(sequence)

  expect(report).toMatchObject({ format: 'avif', status: 'unchanged', reason: 'it is an animated AVIF' })
})
