import { noteExif, noteXmp } from '../metadata/metadata-kinds.ts'
import { malformed, unsupported } from '../metadata/unstrippable-error.ts'
import type { ReadAt } from '../pipeline/read-at.ts'
import type { Box, BoxReader } from './box.ts'
import { blankBox, type Cleaning, emptyBox, isFree, LOOKED_AT_BYTES } from './cleaning.ts'
import type { Range } from './sample-ranges.ts'

/** An entry of `iinf`. */
interface Item {
  id: number
  type: string
  /** Position of the four letters of its type. */
  typeAt: number
  /** Content type of a `mime` item, such as `image/…`. */
  contentType: string
}

/** Boxes that make images from items (ISO 23008-12). All others are removed. */
const KEPT = new Set('hdlr pitm iinf iloc iref iprp idat dinf grpl ipro'.split(' '))
/** Descriptions, and the dates of creation and modification. */
const PERSONAL_PROPERTIES = new Set(['udes', 'altt', 'crtt', 'mdft', 'uuid'])
const PERSONAL_ITEMS = new Set(['Exif', 'mime', 'uri ', 'rgan'])
const MAXIMUM_EXTENTS = 100_000

export interface Items {
  /** Width and height as displayed, if the index contains them. */
  dimensions?: [number, number]
  /** Ranges with the data of all images. */
  images: Range[]
}

/** Removes personal data from the index of an image (`meta`). Throws `UnstrippableError` if it can't be interpreted. */
export async function cleanItems(boxes: BoxReader, readAt: ReadAt, cleaning: Cleaning): Promise<Items> {
  const [meta] = boxes.children(0, boxes.bytes.length)
  if (!meta) return { images: [] }
  const inner = boxes.childrenOf(meta, 4)
  const box = (type: string) => inner.find((one) => one.type === type)
  for (const one of inner) {
    if (isFree(one.type)) emptyBox(boxes, one, cleaning)
    else if (!KEPT.has(one.type)) blankBox(boxes, one, cleaning)
  }
  const [infos, locations, properties] = [box('iinf'), box('iloc'), box('iprp')]
  const items = infos ? readItems(boxes, infos) : []
  const ranges = locations ? readLocations(boxes, locations, box('idat')) : new Map<number, Range[]>()
  const personal = items.filter(({ type }) => PERSONAL_ITEMS.has(type))
  const images = items.filter((item) => !personal.includes(item)).flatMap(({ id }) => ranges.get(id) ?? [])
  for (const item of personal) await removeItem(item, ranges.get(item.id), { readAt, boxes, cleaning })
  if (!properties) return { images }
  cleanProperties(boxes, properties, cleaning)
  const dimensions = dimensionsOf(boxes, primaryProperties(boxes, meta))
  return { images, ...(dimensions && { dimensions }) }
}

interface Removal {
  readAt: ReadAt
  boxes: BoxReader
  cleaning: Cleaning
}

async function removeItem(
  item: Item,
  ranges: Range[] | undefined,
  { readAt, boxes, cleaning }: Removal,
): Promise<void> {
  if (!ranges) throw unsupported('its metadata is where it can’t be followed')
  const parts: Buffer[] = []
  for (const { start, end } of ranges) {
    cleaning.edits.zero(start, end)
    if (parts.length < 100) parts.push(await peek(readAt, start, Math.min(end - start, LOOKED_AT_BYTES)))
  }
  note(item, Buffer.concat(parts), cleaning)
  // Readers ignore an item of an unknown type. Removing it from all tables would move the pixels.
  cleaning.edits.write(boxes.base + item.typeAt, Buffer.from('free', 'latin1'))
}

/** Reads as much as exists, since the file may be cut off. */
const peek = (readAt: ReadAt, start: number, length: number): Promise<Buffer> =>
  readAt(start, length).catch((error: unknown) => {
    if (error instanceof RangeError) return Buffer.alloc(0)
    throw error
  })

function note({ type, contentType }: Item, content: Buffer, { found }: Cleaning): void {
  // Four bytes tell where the TIFF header starts, which is right behind them (ISO 23008-12 §A.2.1).
  if (type === 'Exif') noteExif(content.subarray(4), found)
  else if (contentType === 'application/rdf+xml') noteXmp(content, found)
  else found.add('tags')
}

/** ISO 14496-12 §8.11.6: each item's number and type. Types came with version 2 of an entry. */
function readItems(boxes: BoxReader, box: Box): Item[] {
  const entries = boxes.childrenOf(box, boxes.number(box, 0, 1) === 0 ? 6 : 8)
  return entries.map((entry) => {
    const version = boxes.number(entry, 0, 1)
    if (version < 2) throw unsupported('it holds an item without a type')
    const idBytes = version === 2 ? 2 : 4
    const typeOffset = 4 + idBytes + 2
    const [, contentType = ''] = boxes.text(entry, typeOffset + 4).split('\0')
    return {
      id: boxes.number(entry, 4, idBytes),
      type: boxes.text(entry, typeOffset, 4),
      typeAt: entry.content + typeOffset,
      contentType,
    }
  })
}

/** §8.11.3: where each item is, in numbers whose sizes stand at the start. */
function readLocations(boxes: BoxReader, box: Box, data: Box | undefined): Map<number, Range[]> {
  const locations = new Map<number, Range[]>()
  let at = 4
  const take = (length: number): number => {
    at += length
    if (length === 0) return 0
    if (![1, 2, 4, 8].includes(length)) throw malformed('its locations are numbers of an odd size')
    return boxes.number(box, at - length, length as 1 | 2 | 4 | 8)
  }
  const version = boxes.number(box, 0, 1)
  const sizes = take(2)
  const [offsetBytes, lengthBytes, baseBytes] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15]
  const indexBytes = version === 0 ? 0 : sizes & 15
  let extentCount = 0
  for (let left = take(version < 2 ? 2 : 4); left > 0; left--) {
    const id = take(version < 2 ? 2 : 4)
    const method = version === 0 ? 0 : take(2) & 15
    take(2)
    const base = take(baseBytes)
    const count = take(2)
    extentCount += count
    if (extentCount > MAXIMUM_EXTENTS) throw unsupported('it is made of too many tiny parts')
    const origin = method === 0 ? 0 : method === 1 && data ? boxes.base + data.content : undefined
    const ranges: Range[] = []
    for (let extent = 0; extent < count; extent++) {
      take(indexBytes)
      const start = (origin ?? 0) + base + take(offsetBytes)
      ranges.push({ start, end: start + take(lengthBytes) })
    }
    // What is part of another item could only be found there.
    if (origin !== undefined) locations.set(id, ranges)
  }
  return locations
}

function cleanProperties(boxes: BoxReader, properties: Box, cleaning: Cleaning): void {
  const list = boxes.find(properties, 'ipco')
  for (const property of list ? boxes.childrenOf(list) : [])
    if (PERSONAL_PROPERTIES.has(property.type)) blankBox(boxes, property, cleaning)
}

/** Size and rotation of the primary item, which are properties (ISO 23008-12 §6.5). */
function dimensionsOf(boxes: BoxReader, own: Box[]): [number, number] | undefined {
  const [extent, turn] = ['ispe', 'irot'].map((type) => own.find((property) => property.type === type))
  if (!extent) return undefined
  const [width, height] = [boxes.number(extent, 4, 4), boxes.number(extent, 8, 4)]
  const isOnItsSide = turn !== undefined && boxes.number(turn, 0, 1) % 2 === 1
  return isOnItsSide ? [height, width] : [width, height]
}

/** The properties of the primary item (`pitm`) of an index. Throws `UnstrippableError`. */
export function primaryProperties(boxes: BoxReader, meta: Box): Box[] {
  const inner = boxes.childrenOf(meta, 4)
  const [primary, properties] = ['pitm', 'iprp'].map((type) => inner.find((box) => box.type === type))
  if (!primary || !properties) return []
  const id = boxes.number(primary, 4, boxes.number(primary, 0, 1) === 0 ? 2 : 4)
  const list = boxes.find(properties, 'ipco')
  const all = list ? boxes.childrenOf(list) : []
  const indices = boxes
    .childrenOf(properties)
    .filter(({ type }) => type === 'ipma')
    .flatMap((box) => associationsOf(boxes, box, id))
  return indices.flatMap((index) => all[index - 1] ?? [])
}

/** §8.11.14: the numbers of an item's properties, from 1 on. */
function associationsOf(boxes: BoxReader, box: Box, wanted: number): number[] {
  const isLong = boxes.number(box, 0, 1) > 0
  const hasWords = (boxes.number(box, 3, 1) & 1) === 1
  let at = 8
  const take = (length: 1 | 2 | 4): number => {
    at += length
    return boxes.number(box, at - length, length)
  }
  for (let left = boxes.number(box, 4, 4); left > 0; left--) {
    const id = take(isLong ? 4 : 2)
    const count = take(1)
    const indices = Array.from({ length: count }, () => (hasWords ? take(2) & 0x7fff : take(1) & 0x7f))
    if (id === wanted) return indices
  }
  return []
}
