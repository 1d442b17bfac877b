import type { Metadata, Sharp } from 'sharp'
import { isSrgbProfile } from './colour-profile.ts'

/** Colours that every program shows alike. Floating point and other measured data in a TIFF are nothing to convert. */
export const hasWebColours = ({ space, icc }: Metadata): boolean =>
  !PRINT_AND_LAB.includes(space) && (icc === undefined || isSrgbProfile(icc))

const PRINT_AND_LAB = ['cmyk', 'lab', 'labs', 'labq', 'lch', 'xyz']

/** Sets what becomes of an image's colours: sRGB or grey, 16 bits where they were. */
export function toWebColours(image: Sharp, metadata: Metadata): Sharp {
  const { space } = metadata
  if (space === 'b-w' || space === 'grey16') return image.toColourspace(space)
  return space === 'rgb16' ? toSrgb(image.toColourspace('rgb16'), metadata) : image
}

/** sRGB is what sharp makes unasked of 8 bits. On 16 it works in Display P3, and saves that without saying so (pipeline.cc, `processingProfile`). */
export const toSrgb = (image: Sharp, { space, icc }: Metadata): Sharp =>
  space === 'rgb16' && icc ? image.withIccProfile('srgb', { attach: false }) : image
