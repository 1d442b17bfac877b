import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { image, photo, similarity, storedPixels } from '../../../helpers/images.ts'
import { normalised } from './given-pipeline.ts'

/** How much of an image is lost when its pixels have to be encoded anew. */

/** A turn by 90° of 637 × 411 moves the 8 × 8 blocks of the JPEG, so that everything is quantised anew. */
test.for([50, 75, 85, 92, 97])('a turned JPEG of quality %i looks as it did: SSIM above 0.99', async (quality) => {
  const jpeg = await image(await photo(637, 411))
    .withMetadata({ orientation: 6 })
    .jpeg({ quality })
    .toBuffer()

  const { output, report } = await normalised(jpeg)

  expect(report?.status).toBe('normalised')
  expect(await similarity(sharp(output), sharp(jpeg).autoOrient())).toBeGreaterThan(0.99)
})

test.for([30, 60, 80, 90, 92])('noise that was saved with quality %i does, too', async (quality) => {
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  const jpeg = await sharp({ create: { width: 637, height: 411, channels: 3, background: 'grey', noise } })
    .withMetadata({ orientation: 6 })
    .jpeg({ quality })
    .toBuffer()

  const { output } = await normalised(jpeg)

  expect(await similarity(sharp(output), sharp(jpeg).autoOrient())).toBeGreaterThan(0.99)
})

test('a turned JPEG does not grow to more than twice its size', async () => {
  const jpeg = await image(await photo(637, 411))
    .withMetadata({ orientation: 6 })
    .jpeg({ quality: 80 })
    .toBuffer()

  const { output } = await normalised(jpeg)

  expect(readFileSync(output).length).toBeLessThan(jpeg.length * 2)
})

test.for([40, 60, 75, 80, 90, 95])(
  'a turned WebP of quality %i looks as it did, and is hardly larger',
  async (quality) => {
    const webp = await image(await photo(637, 411))
      .withMetadata({ orientation: 6 })
      .webp({ quality })
      .toBuffer()

    const { output, report } = await normalised(webp)

    expect(report?.status).toBe('normalised')
    expect(await similarity(sharp(output), sharp(webp).autoOrient())).toBeGreaterThan(quality < 75 ? 0.97 : 0.98)
    expect(readFileSync(output).length).toBeLessThan(webp.length * 1.5)
  },
)

test('a turned WebP that was lossless loses nothing', async () => {
  const source = image(await photo(120, 80))
  const webp = await source.withMetadata({ orientation: 3 }).webp({ lossless: true }).toBuffer()

  const { output, report } = await normalised(webp)

  expect(report?.status).toBe('normalised')
  expect(await storedPixels(output)).toEqual(await storedPixels(await sharp(webp).rotate(180).png().toBuffer()))
})

test('an AVIF whose colours are converted looks as it did: SSIM above 0.99', async () => {
  const avif = await image(await photo(320, 200))
    .withIccProfile('p3')
    .avif({ quality: 80 })
    .toBuffer()

  const { output, report } = await normalised(avif)

  expect(report?.status).toBe('normalised')
  expect(await similarity(sharp(output), sharp(avif))).toBeGreaterThan(0.99)
})
