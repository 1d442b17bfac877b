import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { inOrder, type RemovedKind } from '../metadata/metadata-kinds.ts'
import type { ToStrip } from './image.ts'
import type { ReadAt } from './read-at.ts'
import { withFile } from './with-file.ts'

/** A part of the file. `end` is exclusive. */
interface Part {
  start: number
  end: number
  /** Undefined: it belongs to the image. */
  metadata?: RemovedKind | 'other'
}

/**
 * Copies a GIF without its comments, XMP and application data, and without data after its end. Re-encoding would choose
 * new palettes and merge equal frames, so a GIF never goes through a codec. `salvages`: keeps the readable part of a file
 * that ends too early.
 */
export async function stripGif({ inputPath, outputPath, salvages, stop }: ToStrip): Promise<RemovedKind[]> {
  const parts = await withFile(inputPath, (readAt) => partsOf(readAt, salvages), stop)
  await pipeline(async function* () {
    for (const { start, end } of parts.filter(({ metadata }) => metadata === undefined))
      yield* createReadStream(inputPath, { start, end: end - 1 })
  }, createWriteStream(outputPath))
  const kinds = parts.map(({ metadata }) => metadata).filter((kind) => kind !== undefined && kind !== 'other')
  return inOrder(new Set(kinds))
}

const EXTENSION = 0x21
const COMMENT = 0xfe
const APPLICATION = 0xff
const IMAGE = 0x2c
const TRAILER = 0x3b
/** The number of repetitions (not in a specification, but in every browser); all other application data is removed. */
const LOOPS = ['NETSCAPE2.0', 'ANIMEXTS1.0']

/** Each frame of a GIF has two or three blocks. */
const MAXIMUM_BLOCKS = 100_000
/** Adjacent kept blocks are one part. Parts are kept in memory. */
const MAXIMUM_PARTS = 30_000

/** The parts of a GIF up to its trailer (GIF89a §12 to §27). Throws if it has none, unless it `salvages`. */
async function partsOf(readAt: ReadAt, salvages: boolean): Promise<Part[]> {
  const parts: Part[] = [{ start: 0, end: 13 + tableBytes(await readAt(10, 1)) }]
  for (let blocks = 1; ; blocks++) {
    const start = parts.at(-1)?.end ?? 0
    const kind = salvages ? await readAt(start, 1).catch(atEnd([TRAILER])) : await readAt(start, 1)
    if (parts.length > MAXIMUM_PARTS || blocks > MAXIMUM_BLOCKS) throw new Error('a GIF with too many blocks')
    if (kind[0] === TRAILER) {
      addPart(parts, { start, end: start + 1 })
      return parts
    }
    const part = partAt(readAt, start, kind[0])
    // Of an image that ends too early some lines can be seen; anything else goes.
    const cut: Part = { start, end: Number.POSITIVE_INFINITY, ...(kind[0] !== IMAGE && { metadata: 'other' }) }
    const next = salvages ? await part.catch(atEnd(cut)) : await part
    addPart(parts, next)
    if (next === cut) return parts
  }
}

/** For `catch`: the value to use beyond the end of the file. */
const atEnd =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (error instanceof RangeError) return instead
    throw error
  }

async function partAt(readAt: ReadAt, start: number, kind: number | undefined): Promise<Part> {
  if (kind === IMAGE) return { start, end: await endOfImage(readAt, start) }
  if (kind === EXTENSION) return extension(readAt, start, (await readAt(start + 1, 1))[0])
  throw new Error(`a GIF with a block of kind ${kind}`)
}

async function extension(readAt: ReadAt, start: number, label: number | undefined): Promise<Part> {
  const part = { start, end: await endOfBlocks(readAt, start + 2) }
  if (label === COMMENT) return { ...part, metadata: 'comment' }
  if (label !== APPLICATION) return part
  const application = (await readAt(start + 3, 11)).toString('latin1')
  if (LOOPS.includes(application)) return part
  return { ...part, metadata: application === 'XMP DataXMP' ? 'xmp' : 'other' }
}

async function endOfImage(readAt: ReadAt, start: number): Promise<number> {
  const table = tableBytes(await readAt(start + 9, 1))
  return endOfBlocks(readAt, start + 10 + table + 1)
}

/** Data consists of blocks of up to 255 bytes, each preceded by its length; an empty block ends it. */
async function endOfBlocks(readAt: ReadAt, start: number): Promise<number> {
  let position = start
  for (;;) {
    const [length = 0] = await readAt(position, 1)
    position += 1 + length
    if (length === 0) return position
  }
}

/** Bytes of the colour table that a descriptor's flags announce. */
const tableBytes = ([flags = 0]: Buffer): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)

/** Adjacent kept parts are joined, so that copying takes few reads. */
function addPart(parts: Part[], part: Part): void {
  const last = parts.at(-1)
  if (last && last.metadata === undefined && part.metadata === undefined) last.end = part.end
  else parts.push(part)
}
