import type { Metadata, Sharp } from 'sharp'
import { isSrgbProfile } from './colour-profile.ts'

/** Colours that every program displays alike. Floating point and other measured data in a TIFF are not converted. */
export const hasWebColours = ({ space, icc }: Metadata): boolean =>
  !PRINT_AND_LAB.includes(space) && (icc === undefined || isSrgbProfile(icc))

const PRINT_AND_LAB = ['cmyk', 'lab', 'labs', 'labq', 'lch', 'xyz']

/** Sets the colours of the output: sRGB or grey, with 16 bits if the source has them. */
export function toWebColours(image: Sharp, metadata: Metadata): Sharp {
  const { space } = metadata
  if (space === 'b-w' || space === 'grey16') return image.toColourspace(space)
  return space === 'rgb16' ? toSrgb(image.toColourspace('rgb16'), metadata) : image
}

/**
 * For 8 bits, sharp converts to sRGB by default. For 16 bits it works in Display P3, and saves that without declaring it
 * (pipeline.cc, `processingProfile`).
 */
export const toSrgb = (image: Sharp, { space, icc }: Metadata): Sharp =>
  space === 'rgb16' && icc ? image.withIccProfile('srgb', { attach: false }) : image
