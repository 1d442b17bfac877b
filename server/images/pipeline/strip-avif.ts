import { constants, copyFile, open, stat } from 'node:fs/promises'
import { kindsOf, type RemovedKind } from '../metadata/metadata-kinds.ts'
import type { ToStrip } from './picture.ts'
import { type ReadAt, withFile } from './read-at.ts'

/**
 * Copies an AVIF and overwrites its EXIF and XMP in the copy. Everything else stays where it is: a phone's photo would take
 * its encoder many seconds and lose some quality. Throws on a file that it can't follow.
 */
export async function stripAvif({ inputPath, outputPath, stop }: ToStrip): Promise<RemovedKind[]> {
  const { size } = await stat(inputPath)
  const items = await withFile(inputPath, (readAt) => readMetadataItems(readAt, size), stop)
  await copyFile(inputPath, outputPath, constants.COPYFILE_FICLONE)
  const file = await open(outputPath, 'r+')
  try {
    for (const { typeStart, extents } of items) {
      // An item of a type that nobody knows is nobody's metadata; taking it out of all tables would move the pixels.
      await file.write('free', typeStart, 'latin1')
      for (const { start, end } of extents) await file.write(Buffer.alloc(end - start), 0, end - start, start)
    }
  } finally {
    await file.close()
  }
  const contentOf = (type: ItemType) => items.find((item) => item.type === type)?.content
  const [exif, xmp] = [contentOf('Exif'), contentOf('xmp')]
  // Four bytes tell where the TIFF header starts, which is right behind them (ISO 23008-12 §A.2.1).
  return kindsOf({ ...(exif && { exif: exif.subarray(4) }), ...(xmp && { xmp }) })
}

/** Where something is in the file. `end` is exclusive. */
interface Extent {
  start: number
  end: number
}

type ItemType = 'Exif' | 'xmp' | 'other'

interface Item {
  type: ItemType
  /** Where the four letters of its type are. */
  typeStart: number
  extents: Extent[]
  content: Buffer
}

/** More than any camera writes, and little enough to be held in memory. */
const MAXIMUM_BYTES = 2 ** 24

async function readMetadataItems(readAt: ReadAt, size: number): Promise<Item[]> {
  const meta = await findMeta(readAt)
  const bytes = Buffer.from(await readAt(meta.start, meta.end - meta.start))
  const boxes = childBoxes(bytes, 12)
  const locations = readLocations(
    bytes,
    boxes.find(({ type }) => type === 'iloc'),
  )
  const items: Item[] = []
  for (const { id, type, typeStart } of readTypes(
    bytes,
    boxes.find((box) => box.type === 'iinf'),
  )) {
    if (type === 'other') continue
    const extents = (locations.get(id) ?? []).map((extent) => within(extent, size))
    items.push({ type, typeStart: meta.start + typeStart, extents, content: await read(readAt, extents) })
  }
  return items
}

/** Of a file that was cut off, what is there. */
const within = ({ start, end }: Extent, size: number): Extent => ({
  start: Math.min(start, size),
  end: Math.min(end, size),
})

async function read(readAt: ReadAt, extents: Extent[]): Promise<Buffer> {
  const parts: Buffer[] = []
  for (const { start, end } of extents) {
    if (end - start > MAXIMUM_BYTES) throw new RangeError('metadata of many megabytes')
    parts.push(Buffer.from(await readAt(start, end - start)))
  }
  return Buffer.concat(parts)
}

async function findMeta(readAt: ReadAt): Promise<Extent> {
  for (let start = 0; ; ) {
    const header = await readAt(start, 8)
    const size = header.readUInt32BE(0)
    if (size < 8) throw new Error('a box of more than 4 GiB, or one that goes on to the end')
    if (header.toString('latin1', 4) === 'meta') {
      if (size > MAXIMUM_BYTES) throw new RangeError('a meta box of many megabytes')
      return { start, end: start + size }
    }
    start += size
  }
}

/** Where a box is in its parent's bytes, its header included (ISO 14496-12 §4.2). */
interface Box extends Extent {
  type: string
}

function childBoxes(bytes: Buffer, from: number, to = bytes.length): Box[] {
  const boxes: Box[] = []
  for (let start = from; start < to; ) {
    const size = bytes.readUInt32BE(start)
    if (size < 8 || start + size > to) throw new RangeError('a box reaches out of its parent')
    boxes.push({ type: bytes.toString('latin1', start + 4, start + 8), start, end: start + size })
    start += size
  }
  return boxes
}

/** ISO 14496-12 §8.11.6: each item's number and type. Types came with version 2 of an entry. */
function readTypes(bytes: Buffer, box: Box | undefined): { id: number; type: ItemType; typeStart: number }[] {
  if (!box) return []
  const entries = childBoxes(bytes, box.start + 12 + (bytes[box.start + 8] === 0 ? 2 : 4), box.end)
  return entries.map(({ start, end }) => {
    const version = bytes[start + 8] ?? 0
    if (version < 2) throw new Error('an item without a type')
    const idBytes = version === 2 ? 2 : 4
    const typeStart = start + 12 + idBytes + 2
    return {
      id: bytes.readUIntBE(start + 12, idBytes),
      type: typeOf(bytes.toString('latin1', typeStart, end)),
      typeStart,
    }
  })
}

/** What an entry says from its type on: for `mime`, a name and a content type follow. */
function typeOf(entry: string): ItemType {
  if (entry.startsWith('Exif')) return 'Exif'
  return entry.startsWith('mime') && entry.includes('\0application/rdf+xml') ? 'xmp' : 'other'
}

/** ISO 14496-12 §8.11.3: where each item is, in numbers whose sizes stand at the start. */
function readLocations(bytes: Buffer, box: Box | undefined): Map<number, Extent[]> {
  const locations = new Map<number, Extent[]>()
  if (!box) return locations
  let position = box.start + 8
  const take = (length: number): number => {
    position += length
    return length === 0 ? 0 : Number(BigInt(`0x${bytes.toString('hex', position - length, position)}`))
  }
  const version = take(1)
  take(3)
  const sizes = take(2)
  const [offsetBytes, lengthBytes, baseBytes] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15]
  const indexBytes = version === 0 ? 0 : sizes & 15
  const count = take(version < 2 ? 2 : 4)
  for (let item = 0; item < count && position < box.end; item++) {
    const id = take(version < 2 ? 2 : 4)
    // Offsets may also count from a box inside of `meta`, which we would have to find; nobody writes that for metadata.
    const isInFile = version === 0 || (take(2) & 15) === 0
    take(2)
    const base = take(baseBytes)
    const extents = Array.from({ length: take(2) }, () => {
      take(indexBytes)
      const start = base + take(offsetBytes)
      return { start, end: start + take(lengthBytes) }
    })
    if (isInFile) locations.set(id, extents)
  }
  return locations
}
