import type { GainMap } from './gain-map.ts'
import type { Found } from './metadata-kinds.ts'
import { readExif } from './read-exif.ts'
import { UnstrippableError } from './unstrippable-error.ts'

/** The state of removing metadata from one image. */
export interface Stripping {
  /** What was in it so far. */
  found: Found
  /** Like `StripOptions.salvages`. */
  salvages: boolean
  /** A JPEG that is the gain map of another. */
  isGainMap?: boolean
  /** The gain map that is written after a JPEG. */
  gainMap?: GainMap | undefined
  /** It is not known yet whether a JPEG has a gain map; it is stripped as if it had one, to learn its length. */
  seeksGainMap?: boolean
  /** Facts about a JPEG that are found on the way. */
  notes?: JpegNotes
}

export interface JpegNotes {
  hasScan: boolean
  /** It announces a gain map, or is one. */
  announcesGainMap: boolean
}

/** Passes on all parts; a file that ends too early simply ends there. */
export async function* asFarAsItGoes(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* parts
  } catch (error) {
    if (!(error instanceof UnstrippableError && error.reason === 'truncated')) throw error
  }
}

const UPRIGHT = 1

/** An EXIF block that contains only the orientation. Undefined if the image is upright. */
export function orientationOf(exif: Uint8Array): Buffer | undefined {
  const { orientation } = readExif(exif)
  if (orientation === UPRIGHT) return undefined
  // TIFF 6.0 §2: a directory at byte 8 with one entry, tag 0x0112 of type SHORT, and no directory after it.
  const block = Buffer.from('4d4d002a000000080001011200030000000100000000' + '00000000', 'hex')
  block.writeUInt16BE(orientation, 18)
  return block
}
