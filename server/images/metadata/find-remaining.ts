import { type Found, inOrder, noteExif, noteXmp, type RemovedKind } from './metadata-kinds.ts'

/** This many bytes at the start of a file are searched for kinds of metadata. */
export const SEARCHED_BYTES = 4 * 2 ** 20

const TIFF = /^(?:II[*+R]|MM\0[*+])/
const VIDEO_PLACE = /\xa9xyz|loci|quicktime\.location|GPSLatitude|gpmd|djmd/
const VIDEO_DEVICE = /\xa9(?:mak|mod)|quicktime\.(?:make|model)/

/**
 * Finds kinds of metadata in a file that is stored unchanged, without parsing its structure, so there may be more.
 * `bytes` are its beginning.
 */
export function findRemaining(bytes: Buffer): RemovedKind[] {
  const found: Found = new Set()
  const text = bytes.toString('latin1')
  if (TIFF.test(text)) noteExif(bytes, found)
  const exif = text.indexOf('Exif\0\0')
  if (exif !== -1) noteExif(bytes.subarray(exif), found)
  if (/x:xmpmeta|adobe:ns:meta/.test(text)) noteXmp(bytes, found)
  if (text.includes('8BIM\x04\x04')) found.add('iptc')
  if (VIDEO_PLACE.test(text)) found.add('gps')
  if (VIDEO_DEVICE.test(text)) found.add('device')
  return inOrder(found)
}
