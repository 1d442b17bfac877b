import type { GainMap } from './gain-map.ts'
import type { Found } from './metadata-kinds.ts'
import { readExif } from './read-exif.ts'
import { UnstrippableError } from './unstrippable-error.ts'

/** One image that loses its metadata. */
export interface Stripping {
  /** What was in it so far. */
  found: Found
  /** As `StripOptions.salvages`. */
  salvages: boolean
  /** Of a JPEG: it is the gain map of another. */
  isGainMap?: boolean
  /** Of a JPEG: the gain map that is put behind it. */
  gainMap?: GainMap | undefined
  /** Of a JPEG: whether it has a gain map is not known yet; it is stripped as one that has, to learn how long it will be. */
  seeksGainMap?: boolean
  /** Of a JPEG: what is learnt of it on the way. */
  notes?: JpegNotes
}

export interface JpegNotes {
  hasScan: boolean
  /** It says that it has a gain map, or that it is one. */
  announcesGainMap: boolean
}

/** Passes on what there is; when the file ends too early, that is the end. */
export async function* asFarAsItGoes(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* parts
  } catch (error) {
    if (!(error instanceof UnstrippableError && error.reason === 'truncated')) throw error
  }
}

const UPRIGHT = 1

/** What stays of an EXIF block: an own one that holds the orientation and nothing else. Undefined: the image is upright. */
export function orientationOf(exif: Uint8Array): Buffer | undefined {
  const { orientation } = readExif(exif)
  if (orientation === UPRIGHT) return undefined
  // TIFF 6.0 §2: a directory at byte 8 with one entry, tag 0x0112 of type SHORT, and no directory after it.
  const block = Buffer.from('4d4d002a000000080001011200030000000100000000' + '00000000', 'hex')
  block.writeUInt16BE(orientation, 18)
  return block
}
