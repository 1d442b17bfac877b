import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import {
  asHeld,
  fourCorners,
  image,
  PHONE_EXIF,
  photo,
  secretsIn,
  storedPixels,
  tinyGif,
  withGifExtension,
  withJpegSegment,
  withTiffFields,
  XMP,
} from '../../../helpers/images.ts'
import { givenPipeline, LIMITS, normalised } from './given-pipeline.ts'

const ORIENTATION = 6
/** No image here is so small that it would be decoded. */
const tooSmall = givenPipeline({ limits: { ...LIMITS, pixels: 100 } })

const turned = (format: 'jpeg' | 'png' | 'webp') =>
  image(asHeld(fourCorners(), ORIENTATION))
    .withMetadata({ orientation: ORIENTATION })
    .withExifMerge(PHONE_EXIF)
    .withXmp(XMP)
    .toFormat(format)
    .toBuffer()

/** The block of EXIF stays, with the orientation. */
const personalIn = (path: string) => secretsIn(readFileSync(path)).filter((secret) => secret !== 'Exif\0')

test.for(['jpeg', 'png', 'webp'] as const)(
  'a %s that is too large to be decoded loses all but how it is turned',
  async (format) => {
    const bytes = await turned(format)

    const { report, input, output } = await normalised(bytes, tooSmall)

    expect(report).toMatchObject({
      status: 'stripped',
      reason: 'it has more than 0.0001 megapixels',
      dimensions: [48, 32],
    })
    expect(report?.removed).toEqual(['gps', 'exif', 'xmp'])
    expect(personalIn(input)).not.toEqual([])
    expect(personalIn(output)).toEqual([])
    expect(await sharp(output).metadata()).toMatchObject({ format, orientation: ORIENTATION })
    expect(await storedPixels(output)).toEqual(await storedPixels(input))
  },
)

test('an upright image that is too large to be decoded is the same as one that was', async () => {
  const bytes = await image(fourCorners()).withExif(PHONE_EXIF).jpeg().toBuffer()

  const large = await normalised(bytes, tooSmall)
  const small = await normalised(bytes)

  expect(readFileSync(large.output)).toEqual(readFileSync(small.output))
})

test('a GIF, a TIFF and an AVIF that are too large to be decoded lose their metadata', async () => {
  const gif = withGifExtension(await image(fourCorners()).gif().toBuffer(), 0xfe, 'secret')
  const fields = [{ tag: 315, value: 'Anna Person' }]
  const tiff = withTiffFields(await image(fourCorners()).tiff({ compression: 'lzw' }).toBuffer(), fields)
  const avif = await image(fourCorners()).withExif(PHONE_EXIF).avif({ effort: 0 }).toBuffer()

  for (const bytes of [gif, tiff, avif]) {
    const { report, input, output } = await normalised(bytes, tooSmall)

    expect(report).toMatchObject({ status: 'stripped', reason: expect.stringContaining('megapixels') })
    expect(personalIn(input)).not.toEqual([])
    expect(personalIn(output)).toEqual([])
    expect(await storedPixels(output)).toEqual(await storedPixels(input))
  }
})

test('a JPEG that only misses its end gets one, and can be decoded', async () => {
  const whole = await turned('jpeg')

  const { report, output } = await normalised(whole.subarray(0, -2))

  expect(report?.removed).toEqual(['gps', 'exif', 'xmp'])
  expect(personalIn(output)).toEqual([])
  await sharp(output, { failOn: 'warning' }).toBuffer()
})

test('an upright JPEG that only misses its end loses its metadata, gets an end, and is not encoded anew', async () => {
  const whole = await image(fourCorners()).withExif(PHONE_EXIF).jpeg().toBuffer()

  const { report, output } = await normalised(whole.subarray(0, -2))

  expect(report).toMatchObject({ status: 'stripped', removed: ['gps', 'exif'] })
  expect(report?.reason).toBe(undefined)
  expect(await storedPixels(output)).toEqual(await storedPixels(whole))
})

test('a GIF of twenty thousand frames loses its comments', async () => {
  const long = withGifExtension(tinyGif(20_000), 0xfe, 'secret')

  const { report, output } = await normalised(long)

  expect(report).toMatchObject({ status: 'stripped', removed: ['comment'], reason: 'it has more than 1000 frames' })
  expect(readFileSync(output)).toEqual(tinyGif(20_000))
})

const wide = async () => image(await photo(320, 200))

test.for([
  ['JPEG', async () => (await wide()).withExif(PHONE_EXIF).withXmp(XMP).jpeg().toBuffer()],
  ['PNG', async () => (await wide()).withExif(PHONE_EXIF).withXmp(XMP).png().toBuffer()],
] as const)('a %s that breaks off loses its metadata and shows what it showed', async ([, make]) => {
  const whole = await make()
  const broken = whole.subarray(0, whole.length * 0.8)

  const { report, input, output } = await normalised(broken)

  expect(report).toMatchObject({ status: 'stripped', reason: expect.any(String), dimensions: [320, 200] })
  expect(personalIn(input)).not.toEqual([])
  expect(personalIn(output)).toEqual([])
  const shown = (path: string) => sharp(path, { failOn: 'none' }).raw().toBuffer()
  expect(await shown(output)).toEqual(await shown(input))
})

test('a truncated GIF loses its comments, and nothing else', async () => {
  const plain = await (await wide()).gif().toBuffer()
  const whole = withGifExtension(plain, 0xfe, 'secret')

  const { report, output } = await normalised(whole.subarray(0, -500))

  expect(report).toMatchObject({ status: 'stripped', removed: ['comment'] })
  expect(readFileSync(output)).toEqual(plain.subarray(0, -500))
})

test('a WebP truncated within its metadata loses that, and can be decoded', async () => {
  const whole = await turned('webp')

  const { report, output } = await normalised(whole.subarray(0, -10))

  expect(report?.status).toBe('stripped')
  expect(personalIn(output)).toEqual([])
  expect(await sharp(output).metadata()).toMatchObject({ orientation: ORIENTATION })
  await sharp(output, { failOn: 'warning' }).toBuffer()
})

test('a WebP truncated within its pixels changes only in its metadata flags', async () => {
  const whole = await (await wide()).withExif(PHONE_EXIF).webp().toBuffer()
  const broken = whole.subarray(0, whole.length / 2)

  const { report, hasOutput } = await normalised(broken)

  expect(report).toMatchObject({ status: 'unchanged', reason: expect.any(String) })
  expect(hasOutput).toBe(false)
})

test('a JPEG truncated before its pixels is unchanged', async () => {
  const jpeg = withJpegSegment(await turned('jpeg'), 0xe2, Buffer.alloc(10_000))

  const { report, hasOutput } = await normalised(jpeg.subarray(0, 5_000))

  expect([report?.status, hasOutput]).toEqual(['unchanged', false])
})
