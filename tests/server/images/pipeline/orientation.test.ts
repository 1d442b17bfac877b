import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import {
  asHeld,
  colourAt,
  fourCorners,
  image,
  orientationExif,
  PHONE_EXIF,
  secretsIn,
  withJpegSegment,
  XMP,
} from '../../../helpers/images.ts'
import { normalised } from './given-pipeline.ts'

/** What a phone writes: pixels as the sensor saw them, and a note how it was held. */
const photoHeld = (orientation: number) =>
  image(asHeld(fourCorners(), orientation)).withExif(PHONE_EXIF).withXmp(XMP).withMetadata({ orientation })

const near = (r: number, g: number, b: number) => [r, g, b].map((value) => expect.closeTo(value, -1.2))

test.for([2, 3, 4, 5, 6, 7, 8])(
  'a JPEG held like %i comes out upright, without a note that turns it again',
  async (orientation) => {
    const { report, output } = await normalised(await photoHeld(orientation).jpeg({ quality: 95 }).toBuffer())

    expect(report).toMatchObject({ format: 'jpeg', status: 'normalised', dimensions: [48, 32] })
    expect(await colourAt(output, 4, 4)).toEqual(near(220, 30, 30))
    expect(await colourAt(output, 44, 4)).toEqual(near(30, 200, 40))
    expect(await colourAt(output, 4, 28)).toEqual(near(30, 40, 220))
    expect(await colourAt(output, 44, 28)).toEqual(near(230, 220, 40))
    const { orientation: left, width, height } = await sharp(output).metadata()
    expect([left ?? 1, width, height]).toEqual([1, 48, 32])
  },
)

test.for(['jpeg', 'png', 'webp', 'tiff'] as const)(
  'a turned %s loses where it was taken, and by whom',
  async (format) => {
    const { report, output } = await normalised(await photoHeld(6).toFormat(format, { quality: 95 }).toBuffer())

    expect(report).toMatchObject({ format, status: 'normalised', dimensions: [48, 32] })
    const { exif, xmp, iptc, icc, comments } = await sharp(output).metadata()
    expect({ exif, xmp, iptc, icc, comments }).toEqual({})
    const bytes = readFileSync(output, 'latin1')
    expect(secretsIn(bytes)).toEqual([])
    expect(await colourAt(output, 4, 4)).toEqual(near(220, 30, 30))
  },
)

test('the report lists what was removed', async () => {
  const { report } = await normalised(await photoHeld(6).jpeg().toBuffer())

  expect(report?.removed).toEqual(['gps', 'exif', 'xmp'])
})

test('an upright JPEG keeps every bit of its pixels', async () => {
  const { report, input, output } = await normalised(await photoHeld(1).jpeg().toBuffer())

  expect(report).toMatchObject({ status: 'stripped', removed: ['gps', 'exif', 'xmp'], dimensions: [48, 32] })
  expect(await sharp(output).raw().toBuffer()).toEqual(await sharp(input).raw().toBuffer())
})

test('an image that has nothing to lose is unchanged, without a reason', async () => {
  const plain = await image(fourCorners()).png().toBuffer()

  const { report, hasOutput } = await normalised(plain)

  expect(report).toEqual({
    format: 'png',
    status: 'unchanged',
    dimensions: [48, 32],
    removed: [],
    originalSize: plain.length,
  })
  expect(hasOutput).toBe(false)
})

test.for(['4:2:0', '4:4:4'])('colours stay as finely sampled as they were: %s', async (chromaSubsampling) => {
  const jpeg = await photoHeld(8).jpeg({ chromaSubsampling }).toBuffer()

  const { output } = await normalised(jpeg)

  expect((await sharp(output).metadata()).chromaSubsampling).toBe(chromaSubsampling)
})

test('a grey JPEG stays grey when it is turned', async () => {
  const grey = await image(asHeld(fourCorners(), 6)).toColourspace('b-w').jpeg().toBuffer()
  const jpeg = withJpegSegment(grey, 0xe1, orientationExif(6))

  const { output } = await normalised(jpeg)

  expect(await sharp(output).metadata()).toMatchObject({ space: 'b-w', channels: 1, width: 48, height: 32 })
})
