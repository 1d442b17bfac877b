import { type Found, inOrder, noteExif, noteXmp, type RemovedKind } from './metadata-kinds.ts'

/** As much of a file's beginning as is looked at for what is left in it. */
export const SEARCHED_BYTES = 4 * 2 ** 20

const TIFF = /^(?:II[*+R]|MM\0[*+])/
const VIDEO_PLACE = /\xa9xyz|loci|quicktime\.location|GPSLatitude|gpmd|djmd/
const VIDEO_DEVICE = /\xa9(?:mak|mod)|quicktime\.(?:make|model)/

/**
 * What a file that was left as it came tells, as far as can be seen without following it: what is not named may be there, too.
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
