import type { Metadata } from 'sharp'
import type { ImageLimits } from './image.ts'
import type { SharpModule } from './load-sharp.ts'
import { openImage } from './read-image.ts'
import { lumaOf, similarity } from './similarity.ts'
import { toWebColours } from './web-colours.ts'

interface Wish {
  sharp: SharpModule
  limits: ImageLimits
  path: string
  metadata: Metadata
  /** Qualities of JPEG, from 1 to 100. */
  lowest: number
  highest: number
}

/** SSIM of a JPEG and its source. */
const SIMILAR = 0.99
/** With this, even noise is. */
const CERTAIN = 94
const SAMPLE_PIXELS = 256
/** A decoder has to come that far. */
const SAMPLE_AT = 1 / 3
/** Shifted against the blocks of the source, like the blocks of a rotated image. */
const OFFSET = 3
const STEP = 3

/** The lowest quality at which a sample of an image stays similar. For most photos the lowest one is sufficient; noise needs more. */
export async function similarQuality({ sharp, limits, path, metadata, lowest, highest }: Wish): Promise<number> {
  if (lowest >= CERTAIN) return lowest
  const sample = toWebColours(openImage(sharp, path, limits).extract(sampleOf(metadata)), metadata)
  const { data, info } = await sample.removeAlpha().raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  const original = lumaOf(data, info)
  for (let quality = lowest; quality < highest; quality += STEP) {
    const jpeg = await sharp(data, { raw: { width, height, channels } }).jpeg({ quality }).toBuffer()
    const copy = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true })
    if (similarity(original, lumaOf(copy.data, copy.info)) >= SIMILAR) return quality
  }
  return highest
}

function sampleOf({ width, height }: Metadata) {
  const [left = 0, top = 0] = [width, height].map((side) =>
    side <= SAMPLE_PIXELS ? 0 : 8 * Math.floor(((side - SAMPLE_PIXELS) * SAMPLE_AT) / 8) + OFFSET,
  )
  return { left, top, width: Math.min(SAMPLE_PIXELS, width - left), height: Math.min(SAMPLE_PIXELS, height - top) }
}
