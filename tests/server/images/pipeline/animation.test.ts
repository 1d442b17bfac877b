import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import {
  adobeRgbProfile,
  colourAt,
  drawn,
  image,
  secretsIn,
  storedPixels,
  tinyGif,
  withGifExtension,
  withPngChunk,
  withPngProfile,
  XMP,
} from '../../../helpers/images.ts'
import { normalised } from './given-pipeline.ts'

const COLOURS = [
  [220, 30, 30],
  [30, 200, 40],
  [30, 40, 220],
] as const

/** Red, green, blue, for 100, 200 and 300 ms, twice over. */
async function threeFrames() {
  const frames = await Promise.all(
    COLOURS.map((colour) =>
      image(drawn(20, 10, () => colour))
        .png()
        .toBuffer(),
    ),
  )
  return sharp(frames, { join: { animated: true } })
}

const TIMING = { delay: [100, 200, 300], loop: 2 }

test('a GIF loses comments and XMP, and keeps its frames, delays and loops', async () => {
  const gif = await (await threeFrames()).gif(TIMING).toBuffer()
  const chatty = withGifExtension(withGifExtension(gif, 0xfe, 'secret comment'), 0xff, 'XMP DataXMP', XMP)

  const { report, output } = await normalised(chatty)

  expect(report).toMatchObject({ format: 'gif', status: 'stripped', removed: ['xmp', 'comment'], dimensions: [20, 10] })
  expect(await sharp(output).metadata()).toMatchObject({ pages: 3, ...TIMING })
  expect(await storedPixels(output)).toEqual(await storedPixels(gif))
  const bytes = readFileSync(output, 'latin1')
  expect(secretsIn(bytes)).toEqual([])
})

test('equal frames of a GIF are not put together', async () => {
  const { report, output } = await normalised(withGifExtension(tinyGif(5), 0xfe, 'secret'))

  expect(report?.status).toBe('stripped')
  expect(await sharp(output).metadata()).toMatchObject({ pages: 5 })
})

test('a script behind the end of a GIF does not come along', async () => {
  const gif = await (await threeFrames()).gif(TIMING).toBuffer()

  const { report, output } = await normalised(Buffer.concat([gif, Buffer.from('*/=1;alert("secret")')]))

  expect(report).toMatchObject({ status: 'stripped', removed: [] })
  expect(readFileSync(output)).toEqual(gif)
})

test('a WebP in Display P3 becomes sRGB in all its frames, which keep delays and loops', async () => {
  const webp = await (await threeFrames())
    .withIccProfile('p3')
    .webp({ ...TIMING, lossless: true })
    .toBuffer()

  const { report, output } = await normalised(webp)

  expect(report).toMatchObject({ format: 'webp', status: 'normalised', dimensions: [20, 10] })
  expect(await sharp(output).metadata()).toMatchObject({ pages: 3, ...TIMING, hasProfile: false })
  const near = (values: readonly number[]) => values.map((value) => expect.closeTo(value, -0.8))
  expect(await colourAt(output, 5, 5, 0)).toEqual(near(COLOURS[0]))
  expect(await colourAt(output, 5, 5, 1)).toEqual(near(COLOURS[1]))
  expect(await colourAt(output, 5, 5, 2)).toEqual(near(COLOURS[2]))
})

test('an animated WebP loses its metadata only', async () => {
  const animation = (await threeFrames()).withXmp(XMP).webp({ ...TIMING, lossless: true })
  const webp = await animation.toBuffer()

  const { report, output } = await normalised(webp)

  expect(report).toMatchObject({ status: 'stripped', removed: ['xmp'] })
  expect(await sharp(output).metadata()).toMatchObject({ pages: 3, ...TIMING })
  expect(await storedPixels(output)).toEqual(await storedPixels(webp))
})

/** Declares two frames that play for ever; decoders that know nothing of it show the image (PNG third edition §11.3.6.1). */
const ANIMATION_CONTROL = Buffer.from([0, 0, 0, 2, 0, 0, 0, 0])

test('an animated PNG in other colours is left alone, since only its first frame would be left', async () => {
  const png = withPngProfile(
    await image(drawn(20, 10, () => COLOURS[0]))
      .png()
      .toBuffer(),
    adobeRgbProfile(),
  )

  const { report } = await normalised(withPngChunk(png, 'acTL', ANIMATION_CONTROL))

  expect(report).toMatchObject({ format: 'png', status: 'unchanged', reason: 'it is an animated PNG', animated: true })
})
