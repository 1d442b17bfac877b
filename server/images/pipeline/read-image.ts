import type { Metadata, Sharp, SharpOptions } from 'sharp'
import { type ImageLimits, ImageProblem, isDiskFault } from './image.ts'
import type { SharpModule } from './load-sharp.ts'

export type ImageInput = string | Buffer

export const UNDECODABLE = 'its content can’t be decoded'

export const framesOf = ({ pages }: Metadata): number => pages ?? 1

export const isAnimated = (metadata: Metadata): boolean => framesOf(metadata) > 1

/** Opens an image for decoding, within its limits. `failOn: 'error'` tolerates errors that browsers tolerate. */
export function openImage(
  sharp: SharpModule,
  input: ImageInput,
  limits: ImageLimits,
  options: SharpOptions = {},
): Sharp {
  const seconds = Math.ceil(limits.timeoutMs / 1000)
  return sharp(input, { failOn: 'error', limitInputPixels: limits.pixels, ...options }).timeout({ seconds })
}

/** Reads an image's header without decoding it. Throws an `ImageProblem` if it can't be read, and disk errors. */
export async function readHeader(sharp: SharpModule, input: ImageInput): Promise<Metadata> {
  // The limits are for `assertWithin`, which knows the dimensions then.
  return await sharp(input, { failOn: 'error', limitInputPixels: false })
    .metadata()
    .catch(rethrowAs('its header can’t be read'))
}

/** Frames are decoded into one long image, so their pixels are added up. */
export function assertWithin({ pixels, frames }: ImageLimits, metadata: Metadata): void {
  const count = framesOf(metadata)
  if (count > frames) throw new ImageProblem('unfit', `it has more than ${frames} frames`)
  if (metadata.width * frameHeight(metadata) * count > pixels) throw tooLarge({ pixels })
}

export const tooLarge = ({ pixels }: Pick<ImageLimits, 'pixels'>): ImageProblem =>
  new ImageProblem('unfit', `it has more than ${pixels / 1_000_000} megapixels`)

/** The size of one frame, upright. */
export function dimensionsOf(metadata: Metadata): [number, number] {
  const { width, height } = metadata.autoOrient
  return [width, isAnimated(metadata) ? frameHeight(metadata) : height]
}

const frameHeight = ({ height, pageHeight }: Metadata): number => pageHeight ?? height

/** Decodes a whole image and keeps a few pixels. Throws like `readHeader`, with `failOn: 'warning'` at any anomaly. */
export async function assertDecodable(
  sharp: SharpModule,
  input: ImageInput,
  limits: ImageLimits,
  metadata: Metadata,
  failOn: 'error' | 'warning',
): Promise<void> {
  // A JPEG that is shrunk while it is decoded takes half the time.
  await openImage(sharp, input, limits, { pages: isAnimated(metadata) ? -1 : 1, failOn })
    .resize({ width: 64, kernel: 'nearest' })
    .raw()
    .toBuffer()
    .catch(rethrowAs(UNDECODABLE))
}

/** For `catch`: disk errors are rethrown; all other errors of libvips become errors of the image. */
export const rethrowAs =
  (reason: string) =>
  (error: unknown): never => {
    if (isDiskFault(error) || error instanceof ImageProblem) throw error
    const isTimeout = error instanceof Error && error.message.startsWith('timeout')
    throw isTimeout ? new ImageProblem('slow', 'it took too long', error) : new ImageProblem('unfit', reason, error)
  }
