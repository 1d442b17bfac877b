import sharp from 'sharp'
import { expect, test } from 'vitest'
import {
  adobeRgbProfile,
  colourAt,
  drawn,
  fourCorners,
  gammaSrgbProfile,
  image,
  lyingProfile,
  storedPixels,
  withJpegProfile,
  withPngProfile,
} from '../../../helpers/images.ts'
import { normalised } from './given-pipeline.ts'

const plain = (r: number, g: number, b: number) => image(drawn(32, 32, () => [r, g, b]))
const about = (r: number, g: number, b: number, tolerance = 3) =>
  [r, g, b].map((value) => expect.toSatisfy((is: number) => Math.abs(is - value) <= tolerance))

/** What printing inks make of a colour is not all of it, hence the tolerance. */
test('a CMYK JPEG becomes RGB of the same colour', async () => {
  const jpeg = await plain(150, 110, 100).toColourspace('cmyk').withIccProfile('cmyk').jpeg({ quality: 98 }).toBuffer()

  const { report, output } = await normalised(jpeg)

  expect(report).toMatchObject({ format: 'jpeg', status: 'normalised', dimensions: [32, 32] })
  expect(await sharp(output).metadata()).toMatchObject({ space: 'srgb', channels: 3, hasProfile: false })
  expect((await storedPixels(output)).data.subarray(0, 3).toJSON().data).toEqual(about(150, 110, 100, 15))
})

test('a CMYK JPEG without a profile becomes RGB', async () => {
  const jpeg = await plain(150, 110, 100).toColourspace('cmyk').jpeg({ quality: 98 }).toBuffer()

  const { output } = await normalised(jpeg)

  expect((await storedPixels(output)).data.subarray(0, 3).toJSON().data).toEqual(about(150, 110, 100, 25))
})

/** Worked out with the primaries and gamma of Adobe RGB, outside of sharp. */
test('a JPEG in Adobe RGB has the sRGB numbers of its colours', async () => {
  const jpeg = withJpegProfile(await plain(150, 110, 100).jpeg({ quality: 98 }).toBuffer(), adobeRgbProfile())

  const { report, output } = await normalised(jpeg)

  expect(report?.status).toBe('normalised')
  expect((await storedPixels(output)).data.subarray(0, 3).toJSON().data).toEqual(about(164, 110, 100))
  expect((await sharp(output).metadata()).hasProfile).toBe(false)
})

test('a PNG in Display P3 has the sRGB numbers of its colours', async () => {
  const png = await plain(200, 60, 40).withIccProfile('p3').png().toBuffer()
  expect((await storedPixels(png)).data.subarray(0, 3).toJSON().data).not.toEqual(about(200, 60, 40))

  const { report, output } = await normalised(png)

  expect(report).toMatchObject({ format: 'png', status: 'normalised' })
  expect((await storedPixels(output)).data.subarray(0, 3).toJSON().data).toEqual(about(200, 60, 40, 1))
  expect((await sharp(output).metadata()).hasProfile).toBe(false)
})

test('a PNG with a palette in Display P3 keeps a palette, of the same colours in sRGB', async () => {
  const colour = (i: number) => [(i * 37) % 256, (i * 91) % 256, (i * 53) % 256]
  const source = image(drawn(64, 64, (x, y) => colour((x + 16 * y) % 200)))
  const png = await source.png({ palette: true, quality: 100, dither: 0 }).toBuffer()
  const inP3 = withPngProfile(png, await p3Profile())

  const { report, output } = await normalised(inP3)

  expect([report?.status, (await sharp(output).metadata()).isPalette]).toEqual(['normalised', true])
  const wanted = await sharp(inP3).removeAlpha().raw().toBuffer()
  expect((await storedPixels(output)).data.equals(wanted)).toBe(true)
})

test('16 bits stay 16 bits, in Display P3 too', async () => {
  const deep = Uint16Array.from({ length: 16 * 16 * 3 }, (_, i) => [50_000, 20_000, 10_007][i % 3] ?? 0)
  const source = sharp(deep, { raw: { width: 16, height: 16, channels: 3 } }).toColourspace('rgb16')
  const plainPng = await source.png().toBuffer()

  const srgb = await normalised(withPngProfile(plainPng, gammaSrgbProfile()))
  const { report, output } = await normalised(withPngProfile(plainPng, await p3Profile()))

  expect(srgb.report?.status).not.toBe('normalised')
  expect(report?.status).toBe('normalised')
  expect(await sharp(output).metadata()).toMatchObject({ depth: 'ushort', bitsPerSample: 16, hasProfile: false })
  const { buffer, byteOffset } = await sharp(output).toColourspace('rgb16').raw({ depth: 'ushort' }).toBuffer()
  // Display P3's (50000, 20000, 10007) in sRGB, by its matrices.
  expect([...new Uint16Array(buffer, byteOffset, 3)]).toEqual(about(54_088, 17_230, 4706, 60))
})

test('an sRGB profile of any name needs no other pixels, and a profile that only says sRGB does', async () => {
  const jpeg = await image(fourCorners()).jpeg().toBuffer()

  const honest = await normalised(withJpegProfile(jpeg, gammaSrgbProfile()))
  const lying = await normalised(withJpegProfile(jpeg, lyingProfile()))
  const usual = await normalised(await image(fourCorners()).withIccProfile('srgb').jpeg().toBuffer())

  expect(honest.report?.status).not.toBe('normalised')
  expect(usual.report?.status).not.toBe('normalised')
  expect(lying.report?.status).toBe('normalised')
})

test('a profile that leads out of itself is ignored', async () => {
  const broken = gammaSrgbProfile().subarray(0, 200)

  const { report, hasOutput } = await normalised(withJpegProfile(await image(fourCorners()).jpeg().toBuffer(), broken))

  expect([report?.status, hasOutput]).not.toEqual(['stripped', false])
  expect(report?.dimensions).toEqual([48, 32])
})

test('transparency survives other colours', async () => {
  const half = { width: 8, height: 8, channels: 4 as const, background: { r: 200, g: 60, b: 40, alpha: 0.5 } }
  const png = await sharp({ create: half }).withIccProfile('p3').png().toBuffer()

  const { report, output } = await normalised(png)

  expect(report?.status).toBe('normalised')
  expect(await colourAt(output, 4, 4)).toEqual([...about(200, 60, 40, 1), 128])
})

test.for([
  ['a palette', { palette: true }],
  ['interlacing', { progressive: true }],
])('a PNG with %s keeps it when only metadata goes', async ([, options]) => {
  const png = await image(fourCorners())
    .withExif({ IFD0: { Artist: 'Anna Person' } })
    .png(options as object)
    .toBuffer()

  const { report, input, output } = await normalised(png)

  expect(report?.status).toBe('stripped')
  const [before, after] = [await sharp(input).metadata(), await sharp(output).metadata()]
  expect([after.isPalette, after.isProgressive]).toEqual([before.isPalette, before.isProgressive])
  expect(after.exif).toBe(undefined)
  expect(await storedPixels(output)).toEqual(await storedPixels(input))
})

async function p3Profile(): Promise<Buffer> {
  const { icc } = await sharp(await plain(1, 2, 3).withIccProfile('p3').png().toBuffer()).metadata()
  return icc ?? Buffer.alloc(0)
}
