import type { ByteReader } from './byte-reader.ts'
import { gainMapSegments } from './gain-map-segments.ts'
import { gainMapXmp, isOurXmp, panoramaXmp, tellsGainMap } from './kept-xmp.ts'
import { type Found, noteExif, noteXmp } from './metadata-kinds.ts'
import { asFarAsItGoes, type JpegNotes, orientationOf, type Stripping } from './salvage.ts'
import { malformed, unsupported } from './unstrippable-error.ts'

/** Marker codes, the byte after 0xFF: ITU T.81 table B.1. */
const SOI = 0xd8
const EOI = 0xd9
const SOS = 0xda
const APP0 = 0xe0
const APP1 = 0xe1
const APP2 = 0xe2
const APP13 = 0xed
const APP14 = 0xee
const APP15 = 0xef
const COM = 0xfe

/** The bytes of these segments that libjpeg reads; it ignores shorter segments. */
const JFIF_BYTES = 14
const ADOBE_BYTES = 12

const ISO_GAIN_MAP = 'urn:iso:std:iso:ts:21496:-1\0'

const START = Buffer.of(0xff, SOI)
const END = Buffer.of(0xff, EOI)

/**
 * Keeps the segments that a decoder needs, and of the application segments only those that define colours. Everything
 * after EOI is removed: the other images of MPF except a gain map, motion photo videos, and makers' trailers.
 */
export async function* stripJpeg(reader: ByteReader, stripping: Stripping): AsyncGenerator<Uint8Array, void> {
  if (!START.equals(await reader.take(2))) throw malformed('a JPEG starts with SOI')
  yield START
  const progress: JpegNotes = stripping.notes ?? { hasScan: false, announcesGainMap: false }
  const content = untilEnd(reader, { ...stripping, notes: progress })
  yield* stripping.salvages ? asFarAsItGoes(content) : content
  if (!progress.hasScan) throw malformed('a JPEG without a scan shows nothing')
  yield END
}

type Noting = Stripping & { notes: JpegNotes }

async function* untilEnd(reader: ByteReader, stripping: Noting): AsyncGenerator<Uint8Array, void> {
  const { notes } = stripping
  let missing = stripping.gainMap
  let position = START.length
  for (let marker = await nextMarker(reader); marker !== EOI; ) {
    // JFIF's segment comes first (JFIF 1.02).
    if (missing && marker !== APP0) {
      for (const { marker: own, payload } of gainMapSegments(missing, position))
        yield Buffer.concat([segmentHeader(own, payload.length), payload])
      missing = undefined
    }
    for await (const part of segment(marker, reader, stripping)) {
      position += part.length
      yield part
    }
    notes.hasScan ||= marker === SOS
    marker = marker === SOS ? yield* scanData(reader) : await nextMarker(reader)
  }
}

async function* segment(marker: number, reader: ByteReader, stripping: Noting): AsyncGenerator<Uint8Array, void> {
  const isMetadata = (marker >= APP0 && marker <= APP15) || marker === COM
  if (!isMetadata && !isImageMarker(marker)) throw unsupported(`JPEG marker ${marker.toString(16)}`)
  const length = (await reader.take(2)).readUInt16BE() - 2 // The length counts itself (B.1.1.4).
  if (length < 0) throw malformed('a JPEG segment is shorter than its own length')
  if (isMetadata) {
    const kept = keptOf(marker, await reader.take(length), stripping)
    if (kept) yield Buffer.concat([segmentHeader(marker, kept.length), kept])
  } else {
    yield segmentHeader(marker, length)
    yield* reader.copy(length)
  }
}

/** Frames, tables and scans. All other markers are reserved, occur only outside of segments, or belong to JPEG extensions. */
const isImageMarker = (marker: number): boolean =>
  (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8) || (marker >= SOS && marker <= 0xdf)

function segmentHeader(marker: number, length: number): Buffer {
  const header = Buffer.of(0xff, marker, 0, 0)
  header.writeUInt16BE(length + 2, 2)
  return header
}

/**
 * The part of the `payload` of an application segment or comment that is kept. Makers choose a segment and a name at its
 * start.
 */
function keptOf(marker: number, payload: Buffer, stripping: Noting): Buffer | undefined {
  const { found, salvages, gainMap } = stripping
  const isNamed = (name: string) => payload.toString('latin1', 0, name.length) === name
  if (marker === APP0 && isNamed('JFIF\0') && payload.length >= JFIF_BYTES) return withoutThumbnail(payload, found)
  if (marker === APP2 && isNamed('ICC_PROFILE\0')) return payload
  if (marker === APP14 && isNamed('Adobe') && payload.length >= ADOBE_BYTES) return payload.subarray(0, ADOBE_BYTES)

  if (marker === APP0 && isNamed('JFXX\0')) found.add('thumbnail')
  if (marker === APP1 && isNamed('Exif\0')) return withoutAllButOrientation(payload, { found, salvages })
  if (marker === APP1 && isNamed('http://ns.adobe.com/')) return keptXmp(payload, stripping)
  if (marker === APP2 && isNamed(ISO_GAIN_MAP)) return keptGainMapParameters(payload, stripping)
  if (marker === APP2 && isNamed('MPF\0') && !gainMap) found.add('thumbnail') // CIPA DC-007: an index of the images behind EOI
  if (marker === APP13) found.add('iptc')
  if (marker === COM) found.add('comment')
  return undefined
}

/** Keeps the projection of a panorama and the parameters of a gain map. XMP with nothing else is not reported as removed. */
function keptXmp(payload: Buffer, { found, isGainMap, notes }: Noting): Buffer | undefined {
  const kept = isGainMap ? gainMapXmp(payload) : panoramaXmp(payload)
  if (isGainMap ? kept !== undefined : tellsGainMap(payload)) notes.announcesGainMap = true
  if (!isOurXmp(payload) && !(isGainMap && kept)) noteXmp(payload, found)
  return kept
}

/** ISO 21496-1 annex C: numbers only; of a photo, just the version. Without a gain map they have no meaning. */
function keptGainMapParameters(
  payload: Buffer,
  { isGainMap, gainMap, seeksGainMap, notes }: Noting,
): Buffer | undefined {
  notes.announcesGainMap = true
  return isGainMap || gainMap || seeksGainMap ? payload : undefined
}

function withoutAllButOrientation(exif: Buffer, { found, salvages }: Stripping): Buffer | undefined {
  // A second block would say what the first one says already, which is the one that programs read.
  const orientation = salvages && !found.has('exif') ? orientationOf(exif) : undefined
  noteExif(exif, found)
  return orientation && Buffer.concat([exif.subarray(0, 'Exif\0\0'.length), orientation])
}

/** JFIF 1.02: the last two of its 14 bytes are the size of a thumbnail that follows. */
function withoutThumbnail(jfif: Buffer, found: Found): Buffer {
  if (jfif.length > JFIF_BYTES) found.add('thumbnail')
  return Buffer.concat([jfif.subarray(0, JFIF_BYTES - 2), Buffer.of(0, 0)])
}

async function nextMarker(reader: ByteReader): Promise<number> {
  const [first] = await reader.take(1)
  if (first !== 0xff) throw malformed('a JPEG segment starts with 0xFF')
  return markerCode(reader)
}

/** The code after a 0xFF; further 0xFF may precede it (B.1.1.2). */
async function markerCode(reader: ByteReader): Promise<number> {
  for (;;) {
    const bytes = await reader.some()
    const at = bytes.findIndex((byte) => byte !== 0xff)
    if (at === -1) continue
    reader.back(bytes.length - at - 1)
    return bytes[at] as number
  }
}

/** Passes on entropy-coded data, Huffman or arithmetic, up to the marker that ends it; returns that marker's code. */
async function* scanData(reader: ByteReader): AsyncGenerator<Uint8Array, number> {
  for (;;) {
    const bytes = await reader.some()
    const end = endOfData(bytes)
    if (end > 0) yield bytes.subarray(0, end)
    if (end === bytes.length) continue
    reader.back(bytes.length - end)
    const code = await nextMarker(reader)
    if (!isDataCode(code)) return code
    yield Buffer.of(0xff, code)
  }
}

/** The position of the first 0xFF that is not obviously data: a marker, a fill byte, or the last byte of its chunk. */
function endOfData(bytes: Buffer): number {
  let at = bytes.indexOf(0xff)
  while (at !== -1 && isDataCode(bytes[at + 1])) at = bytes[at + 2] === 0xff ? at + 2 : bytes.indexOf(0xff, at + 2)
  return at === -1 ? bytes.length : at
}

/** In a scan, FF 00 is a byte FF, and FF D0 to FF D7 are restart markers (B.1.1.5, B.2.1). */
const isDataCode = (code: number | undefined): boolean =>
  code === 0x00 || (code !== undefined && code >= 0xd0 && code <= 0xd7)
