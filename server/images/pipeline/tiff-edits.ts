import { createEditList, type Edit, type EditList, inFileOrder } from '../boxes/edits.ts'
import { type Found, inOrder, noteXmp, type RemovedKind } from '../metadata/metadata-kinds.ts'
import { UnstrippableError, unsupported } from '../metadata/unstrippable-error.ts'
import { ImageProblem } from './image.ts'
import type { ReadAt } from './read-at.ts'
import {
  createDirectoryReader,
  type Directory,
  type DirectoryReader,
  type Field,
  fieldOf,
  firstValueOf,
  numberBytes,
  readNumber,
} from './tiff-directory.ts'

const NEW_SUBFILE_TYPE = 254
const COMPRESSION = 259
const PHOTOMETRIC = 262
const DESCRIPTION = 270
const SUB_DIRECTORIES = 330
const EXTRA_SAMPLES = 338
const XMP = 700
const EXIF_DIRECTORY = 34665
const GPS_DIRECTORY = 34853
const INTEROPERABILITY_DIRECTORY = 40965
const DNG_VERSION = 50706
const POINTERS = [EXIF_DIRECTORY, GPS_DIRECTORY, INTEROPERABILITY_DIRECTORY]

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i)

/**
 * Fields that define the pixels, their position, colours and size: TIFF 6.0, its supplements and technical notes,
 * libtiff's and Adobe's layers; the map position of pixels (GeoTIFF, GDAL); and measurements of microscopes (ImageJ, LSM,
 * MetaMorph), which are data like the pixels. All other fields are removed.
 */
const KEPT = new Set([
  ...[NEW_SUBFILE_TYPE, 255, 256, 257, 258, COMPRESSION, PHOTOMETRIC, 263, 264, 265, 266, 273, 274, 277, 278, 279],
  ...[280, 281, 282, 283, 284, ...range(286, 293), 296, 297, 301, ...range(317, 328), SUB_DIRECTORIES, 332, 333, 334],
  ...[336, EXTRA_SAMPLES, ...range(339, 347), 351, ...range(401, 405), ...range(433, 435), ...range(512, 521)],
  ...[...range(529, 532), 559, ...range(32995, 32998), 33550, 33922, 34264, 34675, 34735, 34736, 34737, 34908],
  ...[34909, 34910, 37439, 37724, 42112, 42113, 50838, 50839, 34412, ...range(33628, 33631)],
])

/** The kind of metadata in removed fields; all others contain data about a camera or a program. */
const KINDS = new Map<number, RemovedKind>([
  ...[DESCRIPTION, 269, 285, 40091, 40092, 40094, 40095].map((tag): [number, RemovedKind] => [tag, 'comment']),
  [XMP, 'xmp'],
  [33723, 'iptc'],
  [34377, 'iptc'],
  [GPS_DIRECTORY, 'gps'],
])

interface Source {
  readAt: ReadAt
  size: number
}

/**
 * The changes that remove metadata from the directories of a TIFF with any compression and number of pages; removed bytes
 * become zeros and everything else keeps its position. Throws an `ImageProblem` for a camera's raw image,
 * `UnstrippableError` or a `RangeError` if the file can't be parsed, and what `readAt` throws.
 */
export async function findTiffEdits({ readAt, size }: Source): Promise<{ edits: Edit[]; removed: RemovedKind[] }> {
  const found: Found = new Set()
  const reader = createDirectoryReader(readAt)
  const pages = await reader.pages()
  const inner = await innerDirectories(readAt, reader, pages)
  refuseRaw(pages, inner)
  const edits = createEditList()
  for (const directory of [...pages, ...inner]) {
    const gone = new Set<Field>()
    for (const field of directory.fields) if (!(await isKept(readAt, field, size))) gone.add(field)
    for (const field of gone) {
      found.add(KINDS.get(field.tag) ?? 'exif')
      if (field.tag === XMP) noteXmp(await beginningOf(readAt, field, size), found)
      await zeroField({ reader, edits }, field, directory)
    }
    if (gone.size > 0) edits.write(directory.start, await withoutFields(readAt, directory, gone))
  }
  await zeroOrphans(readAt, size, { edits, found })
  return { edits: inFileOrder(edits.all(), size), removed: inOrder(found) }
}

/** Images inside an image, at any depth: smaller ones, or the sensor data of a camera. */
async function innerDirectories(
  readAt: ReadAt,
  { directoryAt }: DirectoryReader,
  pages: Directory[],
): Promise<Directory[]> {
  const directories: Directory[] = []
  const seen = new Set<number>()
  const waiting = [...pages]
  for (let directory = waiting.pop(); directory; directory = waiting.pop()) {
    for (const offset of await offsetsIn(readAt, directory)) {
      if (seen.has(offset)) continue
      if (seen.size === MAXIMUM_INNER) throw unsupported('a TIFF of too many images')
      seen.add(offset)
      const inner = await directoryAt(offset, directory.layout).catch(refuseUnreadable)
      directories.push(inner)
      waiting.push(inner)
    }
  }
  return directories
}

const MAXIMUM_INNER = 1000

async function offsetsIn(readAt: ReadAt, directory: Directory): Promise<number[]> {
  const field = fieldOf(directory, SUB_DIRECTORIES)
  if (!field) return []
  const count = (field.end - field.start) / field.valueBytes
  if (count > MAXIMUM_INNER) throw unsupported('a TIFF of too many images')
  const bytes = await readAt(field.start, field.end - field.start)
  return Array.from({ length: count }, (_, i) =>
    readNumber(directory.layout, bytes, i * field.valueBytes, field.valueBytes),
  )
}

function refuseUnreadable(error: unknown): never {
  throw error instanceof UnstrippableError || error instanceof RangeError ? raw() : error
}

/** CFA and linear data of a sensor, and how makers compress it. */
const RAW_PHOTOMETRICS = [32803, 34892]
const RAW_COMPRESSIONS = [32767, 32769, 32770, 34713, 65535]

/**
 * Raw images of cameras (DNG, NEF, ARW, CR2 …) are TIFF files whose first page is a preview, and whose decoders need the
 * metadata to make sense of the sensor's data. Treating one as an image would destroy it.
 */
function refuseRaw(pages: Directory[], inner: Directory[]): void {
  const [first] = pages
  const isPreview = ((firstValueOf(first, NEW_SUBFILE_TYPE) ?? 0) & 1) === 1
  // CR2 says so behind its header: its directories look like pages.
  const isCr2 = first?.start === 16 && first.layout.offsetBytes === 4 && fieldOf(first, EXIF_DIRECTORY) !== undefined
  const isSensor = [...pages, ...inner].some(
    (directory) =>
      RAW_PHOTOMETRICS.includes(firstValueOf(directory, PHOTOMETRIC) ?? -1) ||
      RAW_COMPRESSIONS.includes(firstValueOf(directory, COMPRESSION) ?? -1),
  )
  if (fieldOf(first, DNG_VERSION) || isPreview || isCr2 || isSensor) throw raw()
}

const raw = () => new ImageProblem('unfit', 'it is a raw image of a camera, or holds other images inside')

const LOOKED_AT_BYTES = 64 * 1024
/** Microscopy: OME-XML, ImageJ's and tifffile's. */
const DATA = /^ImageJ=|<OME[\s>]|^\{"shape":/

async function isKept(readAt: ReadAt, field: Field, size: number): Promise<boolean> {
  if (field.tag !== DESCRIPTION) return KEPT.has(field.tag)
  return DATA.test((await beginningOf(readAt, field, size)).toString('latin1', 0, 4096))
}

/** Bytes beyond the end of a cut-off file count as missing. */
async function beginningOf(readAt: ReadAt, { start, end }: Range, size: number): Promise<Buffer> {
  const last = Math.min(end, size, start + LOOKED_AT_BYTES)
  return last <= start ? Buffer.alloc(0) : await readAt(start, last - start)
}

type Range = Pick<Field, 'start' | 'end'>

interface Zeroing {
  reader: DirectoryReader
  edits: EditList
}

/** Zeroes a field and all data that it points to. Exif points to interoperability data, and to nothing deeper. */
async function zeroField(zeroing: Zeroing, field: Field, inside: Directory, depth = 0): Promise<void> {
  const { reader, edits } = zeroing
  const isInline = field.start >= inside.start && field.end <= inside.end
  if (!isInline) edits.zero(field.start, field.end)
  if (!POINTERS.includes(field.tag) || depth > 1) return
  const directory = await reader.directoryAt(field.value, inside.layout)
  edits.zero(directory.start, directory.end)
  for (const inner of directory.fields) await zeroField(zeroing, inner, directory, depth + 1)
}

/** The remaining fields move up; the offset of the next directory follows after the last one. */
async function withoutFields(readAt: ReadAt, directory: Directory, gone: ReadonlySet<Field>): Promise<Buffer> {
  const { start, end, fields, layout } = directory
  const { countBytes, fieldBytes } = layout
  const bytes = await readAt(start, end - start)
  const at = (index: number) => countBytes + index * fieldBytes
  const kept = fields.flatMap((field, index) => (gone.has(field) ? [] : [bytes.subarray(at(index), at(index + 1))]))
  const count = numberBytes(layout, kept.length, countBytes)
  return Buffer.concat([count, ...kept, bytes.subarray(at(fields.length))], bytes.length)
}

const SCANNED_BYTES = 2 ** 20
const OVERLAP_BYTES = 64
const PACKETS: [start: string, end: string][] = [
  ['<?xpacket begin', '<?xpacket end'],
  ['<x:xmpmeta', '</x:xmpmeta>'],
]
/** Photoshop's resource 0x0404 holds IPTC. */
const IPTC_RESOURCE = Buffer.from('8BIM\x04\x04', 'latin1')

interface Cleaning {
  edits: EditList
  found: Found
}

/** Zeroes XMP and IPTC that no field points to: programs that write new metadata leave the old data in place. */
async function zeroOrphans(readAt: ReadAt, size: number, { edits, found }: Cleaning): Promise<void> {
  for (let at = 0; at < size; at += SCANNED_BYTES) {
    // A packet that starts in the first half may end in the second.
    const bytes = await readAt(at, Math.min(size - at, 2 * SCANNED_BYTES))
    for (const { start, end } of packetsIn(bytes)) {
      found.add('xmp')
      edits.zero(at + start, at + end)
    }
    for (const start of placesOf(IPTC_RESOURCE, bytes)) {
      // An empty name of two bytes, then how long it is.
      const length = start + 12 <= bytes.length ? bytes.readUInt32BE(start + 8) : Number.POSITIVE_INFINITY
      if (length > LOOKED_AT_BYTES) continue
      found.add('iptc')
      edits.zero(at + start, at + start + 12 + length)
    }
  }
}

/**
 * Packets that start within the scanned bytes. Each byte is examined once: a packet that starts within another is part of
 * it.
 */
function* packetsIn(bytes: Buffer): Generator<Range> {
  for (const [startMark, endMark] of PACKETS) {
    let end = 0
    for (const start of placesOf(startMark, bytes)) {
      if (start < end) continue
      const endMarkAt = bytes.indexOf(endMark, start)
      // Then none of the marks behind it has an end here, either.
      if (endMarkAt === -1) break
      end = endMarkAt + endMark.length
      yield { start, end }
    }
  }
}

/** Positions that start within the scanned bytes. */
function* placesOf(mark: string | Buffer, bytes: Buffer): Generator<number> {
  const scanned = bytes.subarray(0, SCANNED_BYTES + OVERLAP_BYTES)
  for (let at = scanned.indexOf(mark); at !== -1; at = scanned.indexOf(mark, at + mark.length)) yield at
}
