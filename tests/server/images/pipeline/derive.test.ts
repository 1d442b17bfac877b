import sharp from 'sharp'
import { expect, test } from 'vitest'
import type { Derivation } from '../../../../server/images/pipeline/derive.ts'
import { AppError } from '../../../../server/lib/errors.ts'
import { asHeld, colourAt, drawn, fourCorners, image, PHONE_EXIF, tinyGif } from '../../../helpers/images.ts'
import { givenImage, givenPipeline, LIMITS } from './given-pipeline.ts'

const givenDerive = (options?: Parameters<typeof givenPipeline>[0]) => {
  const { derive } = givenPipeline(options)
  return (bytes: Uint8Array, wish: Derivation) => derive(givenImage(bytes), wish)
}

const about = (...colour: number[]) => colour.map((value) => expect.closeTo(value, -1.2))

/** A disc of one colour with soft edges on nothing, 64 × 64. */
function logo(...colour: [number, number, number]): Promise<Buffer> {
  const data = Buffer.alloc(64 * 64 * 4)
  for (let i = 0; i < 64 * 64; i++) {
    const distance = Math.hypot((i % 64) - 32, (i >> 6) - 32)
    data.set([...colour, Math.max(0, Math.min(255, (22 - distance) * 64))], i * 4)
  }
  return sharp(data, { raw: { width: 64, height: 64, channels: 4 } })
    .png()
    .toBuffer()
}

test('a dark logo on nothing becomes a JPEG on white', async () => {
  const { bytes, contentType } = await givenDerive()(await logo(16, 32, 64), { format: 'jpeg' })

  expect(contentType).toBe('image/jpeg')
  expect((await sharp(bytes).metadata()).format).toBe('jpeg')
  expect(await colourAt(bytes, 2, 2)).toEqual(about(255, 255, 255))
  expect(await colourAt(bytes, 32, 32)).toEqual(about(16, 32, 64))
})

test('a white logo on nothing becomes a JPEG on dark: no white board (the seed’s bug)', async () => {
  const { bytes } = await givenDerive()(await logo(253, 253, 253), { format: 'jpeg' })

  expect(await colourAt(bytes, 2, 2)).toEqual(about(27, 27, 27))
  expect(await colourAt(bytes, 32, 32)).toEqual(about(253, 253, 253))
})

test('a logo in a strong colour becomes a JPEG on white', async () => {
  const { bytes } = await givenDerive()(await logo(224, 64, 32), { format: 'jpeg' })

  expect(await colourAt(bytes, 2, 2)).toEqual(about(255, 255, 255))
})

/** Bars of these colours on nothing. */
function bars(...colours: (readonly [number, number, number])[]): Promise<Buffer> {
  const data = Buffer.alloc(64 * 64 * 4)
  for (let y = 16; y < 48; y++)
    for (let x = 0; x < 64; x++)
      data.set([...(colours[Math.floor((x * colours.length) / 64)] ?? [0, 0, 0]), 255], (y * 64 + x) * 4)
  return sharp(data, { raw: { width: 64, height: 64, channels: 4 } })
    .png()
    .toBuffer()
}

const WHITE: [number, number, number] = [255, 255, 255]
const BLACK: [number, number, number] = [0, 0, 0]
const YELLOW: [number, number, number] = [255, 221, 0]

test.for([
  ['half white and half black', 'grey', [WHITE, BLACK], [119, 119, 119]],
  ['yellow and black', 'white', [YELLOW, BLACK], [255, 255, 255]],
  ['yellow', 'white', [YELLOW], [255, 255, 255]],
  ['white and yellow', 'dark', [WHITE, YELLOW], [27, 27, 27]],
] as const)('a logo that is %s becomes a JPEG on %s', async ([, , colours, background]) => {
  const { bytes } = await givenDerive()(await bars(...colours), { format: 'jpeg' })

  expect(await colourAt(bytes, 2, 2)).toEqual(about(...background))
})

test('white under full transparency does not count, and neither does black', async () => {
  const hidden = (background: number) =>
    Buffer.from(
      Array.from({ length: 64 * 64 }, (_, i) =>
        i % 64 < 8 ? [200, 200, 200, 255] : Array(3).fill(background).concat(0),
      ).flat(),
    )
  const png = (pixels: Buffer) =>
    sharp(pixels, { raw: { width: 64, height: 64, channels: 4 } })
      .png()
      .toBuffer()
  const derive = givenDerive()

  const overWhite = await derive(await png(hidden(255)), { format: 'jpeg' })
  const overBlack = await derive(await png(hidden(0)), { format: 'jpeg' })

  expect(await colourAt(overWhite.bytes, 60, 60)).toEqual(about(255, 255, 255))
  expect(await colourAt(overBlack.bytes, 60, 60)).toEqual(about(255, 255, 255))
})

test('a shadow that covers half is half there, not black', async () => {
  const shadow = { r: 0, g: 0, b: 0, alpha: 0.5 }
  const png = await sharp({ create: { width: 16, height: 16, channels: 4, background: shadow } })
    .png()
    .toBuffer()

  const { bytes } = await givenDerive()(png, { format: 'jpeg' })

  expect(await colourAt(bytes, 8, 8)).toEqual(about(127, 127, 127))
})

test('the background can be chosen, in every format', async () => {
  const derive = givenDerive()

  const jpeg = await derive(await logo(253, 253, 253), { format: 'jpeg', background: '#3050c0' })
  const png = await derive(await logo(253, 253, 253), { format: 'png', background: 'rgb(48, 80, 192)' })

  expect(await colourAt(jpeg.bytes, 2, 2)).toEqual(about(48, 80, 192))
  expect(await colourAt(png.bytes, 2, 2)).toEqual([48, 80, 192])
})

test.for(['png', 'webp', 'avif'] as const)('%s keeps what is transparent', async (format) => {
  const { bytes, contentType } = await givenDerive()(await logo(253, 253, 253), { format })

  expect(contentType).toBe(`image/${format}`)
  expect((await colourAt(bytes, 2, 2))[3]).toBe(0)
  expect((await colourAt(bytes, 32, 32))[3]).toBe(255)
})

const wide = () =>
  image(drawn(300, 100, (x) => (x < 150 ? [220, 30, 30] : [30, 40, 220])))
    .png()
    .toBuffer()

test.for([
  [{ width: 150 }, [150, 50]],
  [{ height: 50 }, [150, 50]],
  [{ width: 60, height: 60 }, [60, 20]],
  [{ width: 60, height: 60, fit: 'cover' }, [60, 60]],
  [{ width: 60, height: 60, fit: 'contain' }, [60, 60]],
  [{ width: 60, height: 60, fit: 'fill' }, [60, 60]],
  [{ width: 60, height: 60, fit: 'outside' }, [180, 60]],
  [{ width: 3000 }, [300, 100]],
  [{ width: 3000, height: 3000, fit: 'fill' }, [300, 100]],
  [{}, [300, 100]],
] as const)('300 × 100 pixels asked for as %o are %o', async ([size, dimensions]) => {
  const derived = await givenDerive()(await wide(), size)

  expect(derived.dimensions).toEqual(dimensions)
  const { width, height, format } = await sharp(derived.bytes).metadata()
  expect([width, height, format]).toEqual([...dimensions, 'png'])
})

test('bars beside an image are transparent, or white in a JPEG', async () => {
  const derive = givenDerive()
  const square = { width: 60, height: 60, fit: 'contain' } as const

  const png = await derive(await wide(), { ...square, format: 'png' })
  const jpeg = await derive(await wide(), { ...square, format: 'jpeg' })

  expect((await colourAt(png.bytes, 30, 2))[3]).toBe(0)
  expect(await colourAt(jpeg.bytes, 30, 2)).toEqual(about(255, 255, 255))
})

test('a photo from a phone comes upright, small and without metadata', async () => {
  const photo = image(asHeld(fourCorners(), 6)).withExif(PHONE_EXIF).withMetadata({ orientation: 6 })
  const taken = await photo.jpeg({ quality: 95 }).toBuffer()

  const { bytes, dimensions } = await givenDerive()(taken, { format: 'webp', width: 24 })

  expect(dimensions).toEqual([24, 16])
  expect(await colourAt(bytes, 2, 2)).toEqual(about(220, 30, 30))
  expect(await colourAt(bytes, 21, 13)).toEqual(about(230, 220, 40))
  const { exif, hasProfile } = await sharp(bytes).metadata()
  expect([exif, hasProfile]).toEqual([undefined, false])
})

test('an animation moves as WebP and stands still as anything else', async () => {
  const derive = givenDerive()
  const frames = await Promise.all(
    ['red', 'blue'].map((background) =>
      sharp({ create: { width: 20, height: 10, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  )
  const gif = await sharp(frames, { join: { animated: true } })
    .gif({ delay: [100, 200], loop: 3 })
    .toBuffer()

  const [webp, png, own] = [
    await derive(gif, { format: 'webp', width: 10 }),
    await derive(gif, { format: 'png' }),
    await derive(gif, {}),
  ]

  expect([webp.dimensions, png.dimensions, own.contentType]).toEqual([[10, 5], [20, 10], 'image/webp'])
  expect(await sharp(webp.bytes).metadata()).toMatchObject({ pages: 2, delay: [100, 200], loop: 3 })
  expect(await colourAt(png.bytes, 5, 5)).toEqual(about(255, 0, 0, 255))
})

test('an animation stands still as WebP where that is wanted, however many frames it has', async () => {
  const derive = givenDerive({ limits: { ...LIMITS, frames: 2 } })

  const { bytes } = await derive(tinyGif(3), { format: 'webp', still: true })

  expect((await sharp(bytes).metadata()).pages ?? 1).toBe(1)
})

test('the pages of a TIFF are no animation', async () => {
  const pages = await Promise.all(
    [WHITE, BLACK].map(([r, g, b]) =>
      image(drawn(20, 10, () => [r, g, b]))
        .png()
        .toBuffer(),
    ),
  )
  const tiff = await sharp(pages, { join: { animated: true } })
    .tiff()
    .toBuffer()
  expect((await sharp(tiff).metadata()).pages).toBe(2)

  const { bytes, dimensions } = await givenDerive()(tiff, { format: 'webp' })

  expect([dimensions, (await sharp(bytes).metadata()).pages ?? 1]).toEqual([[20, 10], 1])
})

test.for([
  ['jpeg', 65_501, 'JPEG allows at most 65500 pixels a side'],
  ['webp', 16_384, 'WebP allows at most 16383 pixels a side'],
  ['avif', 16_385, 'AVIF allows at most 16384 pixels a side'],
] as const)('an image that is too long for %s is refused with the limit', async ([format, width, reason]) => {
  const long = await sharp({ create: { width, height: 1, channels: 3, background: 'red' } })
    .png()
    .toBuffer()

  await expect(givenDerive()(long, { format })).rejects.toMatchObject({
    kind: 'not_acceptable',
    parameters: { reason },
  })
  expect((await givenDerive()(long, { format, width: 1000 })).dimensions[0]).toBe(1000)
})

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error) => (error instanceof AppError ? error.kind : error),
  )

test('what can’t be asked of an image is the asker’s mistake', async () => {
  const derive = givenDerive()
  const png = await wide()

  expect(await codeOf(derive(png, { width: 0 }))).toBe('bad_request')
  expect(await codeOf(derive(png, { height: 1.5 }))).toBe('bad_request')
  expect(await codeOf(derive(png, { width: 100_000, height: 100_000, fit: 'contain' }))).toBe('bad_request')
  expect(await codeOf(derive(png, { background: 'url(/etc/passwd)' }))).toBe('bad_request')
})

test('an image that can’t be converted says so', async () => {
  const derive = givenDerive({ limits: { ...LIMITS, frames: 2 } })

  expect(await codeOf(derive(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), {}))).toBe(
    'not_acceptable',
  )
  expect(await codeOf(derive((await wide()).subarray(0, 100), {}))).toBe('not_acceptable')
  expect(await codeOf(derive(tinyGif(3), {}))).toBe('not_acceptable')
})

test('when too many requests wait for an image, the next is asked to retry', async () => {
  const derive = givenDerive({ parallelism: 1, queueLimit: 0 })
  const png = await wide()

  const [first, second] = await Promise.all([codeOf(derive(png, {})), codeOf(derive(png, {}))])

  expect([first, second]).toEqual(['none', 'unavailable'])
})
