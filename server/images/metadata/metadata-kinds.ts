import { readExif } from './read-exif.ts'

/** Kinds of removed metadata that are reported to people. Others are removed without a report. */
export type RemovedKind = (typeof KINDS)[number]

/** In the order of the report. */
const KINDS = [
  ...(['gps', 'exif', 'xmp', 'iptc', 'comment', 'thumbnail'] as const),
  // Of films: with what and when they were made, what else they say of themselves, what was measured meanwhile. Of photos: a film.
  ...(['device', 'date', 'tags', 'telemetry', 'motion'] as const),
]

export type Found = Set<RemovedKind>

export const inOrder = (found: Found): RemovedKind[] => KINDS.filter((kind) => found.has(kind))

export function noteExif(exif: Uint8Array, found: Found): void {
  const { hasGps, hasThumbnail } = readExif(exif)
  found.add('exif')
  if (hasGps) found.add('gps')
  if (hasThumbnail) found.add('thumbnail')
}

/** XMP repeats EXIF tags by their names (XMP part 2 §3.2), so a position in it is plain text. */
export function noteXmp(xmp: Buffer, found: Found): void {
  found.add('xmp')
  if (xmp.includes('GPSLatitude')) found.add('gps')
}

/** The part of `sharp.metadata()` about metadata, for formats that only sharp reads. For TIFF it reports only XMP and IPTC. */
export interface MetadataBlocks {
  exif?: Buffer | undefined
  xmp?: Buffer | undefined
  iptc?: Buffer | undefined
  comments?: readonly unknown[] | undefined
}

export function kindsOf({ exif, xmp, iptc, comments = [] }: MetadataBlocks): RemovedKind[] {
  const found: Found = new Set()
  if (exif) noteExif(exif, found)
  if (xmp) noteXmp(xmp, found)
  if (iptc) found.add('iptc')
  if (comments.length > 0) found.add('comment')
  return inOrder(found)
}
