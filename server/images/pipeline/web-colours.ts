import type { Metadata, Sharp } from 'sharp'
import { isSrgbProfile } from './colour-profile.ts'

/** Colours that every program shows alike. Floating point and other measured data in a TIFF are nothing to convert. */
export const hasWebColours = ({ space, icc }: Metadata): boolean =>
  !PRINT_AND_LAB.includes(space) && (icc === undefined || isSrgbProfile(icc))

const PRINT_AND_LAB = ['cmyk', 'lab', 'labs', 'labq', 'lch', 'xyz']

/** Sets what becomes of an image's colours: sRGB or grey, 16 bits where they were. sRGB in 8 bits is what sharp does unasked. */
export function toWebColours(image: Sharp, { space, icc }: Metadata): Sharp {
  if (space === 'b-w' || space === 'grey16') return image.toColourspace(space)
  if (space !== 'rgb16') return image
  const deep = image.toColourspace('rgb16')
  // Left to itself, sharp works on 16 bits in Display P3 and saves that without saying so (pipeline.cc, `processingProfile`).
  return icc && !isSrgbProfile(icc) ? deep.withIccProfile('srgb', { attach: false }) : deep
}
