/** Facts of an EXIF block that are needed after its removal. */
export interface ExifFacts {
  /** 1 to 8 as in TIFF; 1 (upright) if missing or invalid. */
  orientation: number
  /** Any position data, not only the version of the GPS tags that some cameras always write. */
  hasGps: boolean
  hasThumbnail: boolean
}

/** Tags: EXIF 2.32 §4.6.4 table 4 (TIFF), §4.6.3 (pointers), §4.6.6 (GPS). */
const ORIENTATION = 0x0112
const GPS_IFD = 0x8825
const GPS_VERSION = 0x0000
const SHORT = 3
const LONG = 4

/**
 * Reads EXIF from a JPEG APP1 segment, a PNG eXIf chunk, a WebP EXIF chunk, or from sharp: TIFF, with or without the
 * prefix `Exif\0\0`. Never throws: data out of range counts as missing. It follows at most three directories and never a
 * pointer back, so its time is bounded.
 */
export function readExif(exif: Uint8Array): ExifFacts {
  const tiff = openTiff(exif)
  if (!tiff) return { orientation: 1, hasGps: false, hasThumbnail: false }
  const main = tiff.directory(tiff.first)
  const orientation = main.entries.find(({ tag, type }) => tag === ORIENTATION && type === SHORT)?.short ?? 1
  const gps = main.entries.find(({ tag, type }) => tag === GPS_IFD && type === LONG)
  return {
    orientation: orientation >= 1 && orientation <= 8 ? orientation : 1,
    hasGps: gps !== undefined && tiff.directory(gps.long).entries.some(({ tag }) => tag !== GPS_VERSION),
    // The second directory exists for the thumbnail only (EXIF 2.32 §4.5.7).
    hasThumbnail: main.next !== 0 && tiff.directory(main.next).entries.length > 0,
  }
}

/** An entry with its value, if the value fits into the entry; `short` and `long` read the same bytes. */
interface Entry {
  tag: number
  type: number
  short: number
  long: number
}

/** TIFF 6.0 §2: a byte order, 42, and the position of the first directory. All offsets are relative to the byte order. */
function openTiff(exif: Uint8Array) {
  const bytes = withoutPrefix(Buffer.from(exif.buffer, exif.byteOffset, exif.length))
  const order = bytes.toString('latin1', 0, 2)
  if (bytes.length < 8 || (order !== 'II' && order !== 'MM')) return undefined
  const short = (at: number) => (order === 'II' ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at))
  const long = (at: number) => (order === 'II' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))
  if (short(2) !== 42) return undefined

  /** A directory: a count, that many entries of 12 bytes, and the position of the next directory. */
  function directory(at: number): { entries: Entry[]; next: number } {
    if (at + 2 > bytes.length) return { entries: [], next: 0 }
    const count = Math.min(short(at), Math.floor((bytes.length - at - 2) / 12))
    const end = at + 2 + count * 12
    const entries = Array.from({ length: count }, (_, index) => entry(at + 2 + index * 12))
    return { entries, next: count === short(at) && end + 4 <= bytes.length ? long(end) : 0 }
  }

  const entry = (at: number): Entry => ({
    tag: short(at),
    type: short(at + 2),
    short: short(at + 8),
    long: long(at + 8),
  })

  return { first: long(4), directory }
}

const withoutPrefix = (bytes: Buffer): Buffer =>
  bytes.toString('latin1', 0, 5) === 'Exif\0' ? bytes.subarray(6) : bytes
