import type { Metadata } from 'sharp'
import type { Derivation, DerivedFormat } from './derive.ts'
import { ImageProblem } from './image.ts'

/** Pixels that one side may have: what libjpeg, libwebp, libvips (for AVIF) and libpng allow. */
const LONGEST_SIDES = {
  jpeg: ['JPEG', 65_500],
  webp: ['WebP', 16_383],
  avif: ['AVIF', 16_384],
  png: ['PNG', 2 ** 31 - 1],
} as const

/** Throws an `ImageProblem` with the maximum size of the format. */
export function assertFitsFormat(metadata: Metadata, derivation: Derivation, format: DerivedFormat): void {
  const [name, longest] = LONGEST_SIDES[format]
  if (Math.max(...derivedSize(metadata, derivation)) > longest)
    throw new ImageProblem('unfit', `${name} allows at most ${longest} pixels a side`)
}

/** Width and height of the derived image, or a little more. Images are never enlarged. */
export function derivedSize(metadata: Metadata, { width, height, fit = 'inside' }: Derivation): [number, number] {
  const own = metadata.autoOrient
  if (width !== undefined && height !== undefined && fit !== 'inside' && fit !== 'outside') return [width, height]
  const scales = [
    ...(width === undefined ? [] : [width / own.width]),
    ...(height === undefined ? [] : [height / own.height]),
  ]
  const scale = Math.min(1, fit === 'outside' ? Math.max(...scales) : Math.min(...scales))
  return scales.length === 0 ? [own.width, own.height] : [own.width * scale, own.height * scale]
}
