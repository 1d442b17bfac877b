import { type Found, inOrder, noteExif, noteXmp, type RemovedKind } from '../metadata/metadata-kinds.ts'
import { malformed, unsupported } from '../metadata/unstrippable-error.ts'
import type { ReadAt } from '../pipeline/read-at.ts'
import { type BoxReader, createBoxReader, MAX_HEADER_BYTES, readBoxHeader } from './box.ts'
import { type Cleaning, isFree, isKeptUuid, LOOKED_AT_BYTES, noteBox } from './cleaning.ts'
import { assertUntouched, createEditList, type Edit, inFileOrder } from './edits.ts'
import { cleanFragment } from './fragment-boxes.ts'
import { cleanItems, type Items } from './item-boxes.ts'
import { cleanMovie, emptyMovie, type TextTrack } from './movie-boxes.ts'

export interface Findings {
  /** In file order. */
  edits: Edit[]
  removed: RemovedKind[]
  /** Width and height of the image as displayed. */
  dimensions?: [number, number]
}

interface Source {
  readAt: ReadAt
  size: number
  /**
   * Returns the first bytes, at most `max`, of Brotli-compressed data; if undefined, the report of removed metadata is
   * less complete. May throw.
   */
  unbrotli?: (bytes: Uint8Array, max: number) => Buffer
}

/** A box of the file itself, of which only the header was read. Positions refer to the file. */
interface Outer {
  type: string
  start: number
  content: number
  end: number
}

/** Boxes that are needed for images, samples and their order (ISO 14496-12 table 1). All others are removed. */
const KEPT = new Set('ftyp styp mdat moov moof meta mfra sidx ssix prft emsg pdin pssh'.split(' '))
/** ISO 18181-2: the image, its gain map and its index. The data for restoring the original JPEG holds that file's comments. */
const KEPT_IN_JXL = new Set(['JXL ', 'jxlc', 'jxlp', 'jxll', 'jxli', 'jhgm'])
const JXL_IMAGE = ['jxlc', 'jxlp']
/** An index is kept in memory. That of a film of ten hours has some thirty megabytes. */
const MAXIMUM_INDEX_BYTES = 32 * 1024 * 1024
/** A film with fragments of two seconds has two boxes for each. */
const MAXIMUM_BOXES = 200_000

/**
 * The changes that remove personal data from a HEIC, AVIF, MP4 or QuickTime file. Every box keeps its position and length, so no
 * sample and no offset changes. Reads the indices of the file, not its samples. Throws `UnstrippableError`
 * when it can't be followed, and what `readAt` throws.
 */
export async function findEdits(source: Source): Promise<Findings> {
  const found: Found = new Set()
  const cleaning: Cleaning = { edits: createEditList(), names: createEditList(), found }
  let movie = emptyMovie()
  let items: Items = { images: [] }
  let hasIndex = false
  for await (const box of outerBoxes(source, cleaning)) {
    if (box.type === 'moov') {
      movie = cleanMovie(await indexAt(source, box), cleaning)
      await hidePlaces(source, movie.texts)
    } else if (box.type === 'moof') cleanFragment(await indexAt(source, box), movie, cleaning)
    else if (box.type === 'meta') items = (await cleanMeta(source, box, cleaning)) ?? items
    else if (!KEPT.has(box.type) && !KEPT_IN_JXL.has(box.type)) await blankOuter(source, box, cleaning)
    hasIndex ||= ['moov', 'meta', ...JXL_IMAGE].includes(box.type)
  }
  if (!hasIndex) throw unsupported('its index is missing')
  const names = cleaning.edits.count() > 0 ? cleaning.names.all() : []
  const edits = inFileOrder([...cleaning.edits.all(), ...names], source.size)
  for (const ranges of [items.images, ...Array.from(movie.samples, (samples) => samples())])
    assertUntouched(ranges, edits)
  const { dimensions } = items
  return { edits, removed: inOrder(found), ...(dimensions && { dimensions }) }
}

async function* outerBoxes({ readAt, size }: Source, { edits, found }: Cleaning): AsyncGenerator<Outer, void> {
  let start = 0
  for (let count = 0; start < size; count++) {
    if (count === MAXIMUM_BOXES) throw unsupported('it is made of too many tiny parts')
    const header = readBoxHeader(await readAt(start, Math.min(MAX_HEADER_BYTES, size - start)))
    if (!header) {
      if (count === 0) throw malformed('it does not start with a box')
      // Data that programs append to a file, or the rest of one that breaks off within a header.
      noteBox('', (await readAt(start, Math.min(LOOKED_AT_BYTES, size - start))).toString('latin1'), found)
      edits.zero(start, size)
      return
    }
    const end = header.size === 0 ? size : start + header.size
    yield { type: header.type, start, content: start + header.headerBytes, end: Math.min(end, size) }
    start = end
  }
}

async function indexAt({ readAt }: Source, { start, end }: Outer): Promise<BoxReader> {
  if (end - start > MAXIMUM_INDEX_BYTES) throw unsupported('its index is too large')
  return createBoxReader(await readAt(start, end - start), start)
}

const IMAGE_HANDLER = /hdlr.{8}pict/s

/** In an image this box is the index (its handler is `pict`); in a film, it contains tags. */
async function cleanMeta(source: Source, box: Outer, cleaning: Cleaning): Promise<Items | undefined> {
  const boxes = await indexAt(source, box)
  if (IMAGE_HANDLER.test(boxes.bytes.toString('latin1', 0, 1024))) return cleanItems(boxes, source.readAt, cleaning)
  await blankOuter(source, box, cleaning)
  return undefined
}

async function blankOuter({ readAt, unbrotli }: Source, box: Outer, { edits, found }: Cleaning): Promise<void> {
  const content = await readAt(box.content, Math.min(LOOKED_AT_BYTES, box.end - box.content))
  if (box.type === 'uuid' && isKeptUuid(content)) return
  const text = content.toString('latin1')
  if (isFree(box.type)) {
    if (!content.some((byte) => byte !== 0) && content.length === box.end - box.content) return
    // Dashcams keep their positions there.
    found.add(text.startsWith('GPS ') ? 'gps' : 'tags')
  } else {
    if (box.type === 'Exif') noteExif(content.subarray(4), found)
    else if (box.type === 'xml ') noteXmp(content, found)
    else if (box.type === 'brob') noteCompressed(content, found, unbrotli)
    else noteBox(box.type, text, found)
    edits.write(box.start + 4, Buffer.from('free', 'latin1'))
  }
  edits.zero(box.content, box.end)
}

/** A box of JPEG XL that is compressed with Brotli, behind the four letters of its name. */
function noteCompressed(content: Buffer, found: Found, unbrotli: Source['unbrotli']): void {
  const type = content.toString('latin1', 0, 4)
  found.add(type === 'Exif' ? 'exif' : 'xmp')
  try {
    const bytes = unbrotli?.(content.subarray(4), LOOKED_AT_BYTES)
    if (!bytes) return
    if (type === 'Exif') noteExif(bytes.subarray(4), found)
    else noteXmp(bytes, found)
  } catch {
    // Too long or broken: it is removed all the same.
  }
}

/** As drones write it below their films. */
const PLACE = /GPS ?\(|HOME ?\(|\blat(?:itude)? ?[:=]|\[lat/i
const LOOKED_AT_TEXT_BYTES = 4096

async function hidePlaces({ readAt, size }: Source, texts: TextTrack[]): Promise<void> {
  for (const { first, hide } of texts) {
    if (first.start >= size) continue
    const text = await readAt(first.start, Math.min(first.end, size, first.start + LOOKED_AT_TEXT_BYTES) - first.start)
    if (PLACE.test(text.toString('latin1'))) hide()
  }
}
