import sharp from 'sharp'
import { expect, test } from 'vitest'
import { webpCoding } from '../../../../server/images/pipeline/webp-coding.ts'
import { image, photo } from '../../../helpers/images.ts'

const codingOf = (webp: Buffer) => webpCoding(async (position, length) => webp.subarray(position, position + length))

const source = image(await photo(320, 200))

test.for([20, 40, 60, 75, 80, 90, 95, 100])(
  'the quality of a WebP saved with %i is told, rather too high',
  async (quality) => {
    const { quality: told = 0 } = await codingOf(await source.clone().webp({ quality }).toBuffer())

    expect(told).toBeGreaterThanOrEqual(quality)
    expect(told - quality).toBeLessThanOrEqual(0.6 * (100 - quality))
  },
)

test('that of transparent and moving ones, too', async () => {
  const frame = await sharp({ create: { width: 64, height: 64, channels: 4, background: '#30c04080' } })
    .png()
    .toBuffer()
  const animation = sharp([frame, await sharp(frame).negate().png().toBuffer()], { join: { animated: true } })

  const transparent = await codingOf(await sharp(frame).webp({ quality: 80 }).toBuffer())
  const moving = await codingOf(await animation.webp({ quality: 80 }).toBuffer())

  for (const { quality } of [transparent, moving]) expect(Math.abs((quality ?? 0) - 80)).toBeLessThan(8)
})

test('a lossless one is told', async () => {
  expect(await codingOf(await source.clone().webp({ lossless: true }).toBuffer())).toEqual({ isLossless: true })
})
