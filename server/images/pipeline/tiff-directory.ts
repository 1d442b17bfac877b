import { malformed, unsupported } from '../metadata/unstrippable-error.ts'
import type { ReadAt } from './read-at.ts'

/** One field of a directory (TIFF 6.0 §2, also used by EXIF). Positions refer to the file. */
export interface Field {
  tag: number
  /** Bytes of one value. */
  valueBytes: number
  /** Position of its values: in the field itself if they fit. */
  start: number
  /** Exclusive. */
  end: number
  /** The first value of integers, which is an offset for tags that point somewhere. */
  value: number
}

export interface Directory {
  start: number
  /** Exclusive. */
  end: number
  fields: Field[]
  /** Offset of the next directory; 0: this was the last. */
  next: number
  layout: Layout
}

/** Sizes of numbers: BigTIFF has larger ones (bigtiff.org, libtiff's specification of it). */
export interface Layout {
  littleEndian: boolean
  /** Size of the number of fields. */
  countBytes: 2 | 8
  fieldBytes: 12 | 20
  /** Size of offsets, of the number of values, and of the values that fit into a field. */
  offsetBytes: 4 | 8
}

/** Bytes of a value, by type: BYTE, ASCII, SHORT, LONG, RATIONAL, their signed and floating relatives, IFD, and BigTIFF's. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 1, 1, 8, 8, 8]
const SHORT = 3
/** More than real files have. Fields are kept in memory. */
const MAXIMUM_DIRECTORIES = 10_000
const MAXIMUM_FIELDS = 65_535
const MAXIMUM_FIELDS_OF_FILE = 500_000

export const fieldOf = (directory: Directory | undefined, tag: number): Field | undefined =>
  directory?.fields.find((field) => field.tag === tag)

/** The first value of a field of integers; undefined if the directory does not have it. */
export const firstValueOf = (directory: Directory | undefined, tag: number): number | undefined =>
  fieldOf(directory, tag)?.value

export function readNumber({ littleEndian }: Layout, bytes: Buffer, at: number, length: number): number {
  if (length === 8) return Number(littleEndian ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at))
  return littleEndian ? bytes.readUIntLE(at, length) : bytes.readUIntBE(at, length)
}

export function numberBytes({ littleEndian }: Layout, value: number, length: 2 | 8): Buffer {
  const bytes = Buffer.alloc(length)
  if (length === 2) littleEndian ? bytes.writeUInt16LE(value) : bytes.writeUInt16BE(value)
  else littleEndian ? bytes.writeBigUInt64LE(BigInt(value)) : bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

export type DirectoryReader = ReturnType<typeof createDirectoryReader>

/** Reads the directories of one file. Throws if there are more of them than in real files: several may share bytes. */
export function createDirectoryReader(readAt: ReadAt) {
  let fieldCount = 0

  /** The chain of directories. Throws if it leaves the file or forms a loop. */
  async function pages(): Promise<Directory[]> {
    const { first, layout } = await readHeader(readAt)
    const directories: Directory[] = []
    const seen = new Set<number>()
    for (let next = first; next !== 0; ) {
      if (seen.has(next) || seen.size === MAXIMUM_DIRECTORIES) throw malformed('a TIFF whose directories do not end')
      seen.add(next)
      const directory = await directoryAt(next, layout)
      directories.push(directory)
      next = directory.next
    }
    return directories
  }

  async function directoryAt(start: number, layout: Layout): Promise<Directory> {
    const { countBytes, fieldBytes, offsetBytes } = layout
    const count = readNumber(layout, await readAt(start, countBytes), 0, countBytes)
    fieldCount += count
    if (count > MAXIMUM_FIELDS || fieldCount > MAXIMUM_FIELDS_OF_FILE) throw unsupported('a TIFF of too many fields')
    const bytes = await readAt(start + countBytes, count * fieldBytes + offsetBytes)
    const fields = Array.from({ length: count }, (_, index) =>
      readField(bytes, index * fieldBytes, start + countBytes, layout),
    )
    const next = readNumber(layout, bytes, count * fieldBytes, offsetBytes)
    return { start, end: start + countBytes + bytes.length, fields, next, layout }
  }

  return { pages, directoryAt }
}

async function readHeader(readAt: ReadAt): Promise<{ first: number; layout: Layout }> {
  const head = await readAt(0, 8)
  const littleEndian = head[0] === 0x49
  const isBig = readNumber({ littleEndian } as Layout, head, 2, 2) === 43
  const layout: Layout = isBig
    ? { littleEndian, countBytes: 8, fieldBytes: 20, offsetBytes: 8 }
    : { littleEndian, countBytes: 2, fieldBytes: 12, offsetBytes: 4 }
  const first = isBig ? readNumber(layout, await readAt(8, 8), 0, 8) : readNumber(layout, head, 4, 4)
  return { first, layout }
}

function readField(bytes: Buffer, at: number, bytesStart: number, layout: Layout): Field {
  const { offsetBytes } = layout
  const number = (offset: number, length: number) => readNumber(layout, bytes, at + offset, length)
  const type = number(2, 2)
  const valueBytes = TYPE_BYTES[type] ?? 1
  const length = number(4, offsetBytes) * valueBytes
  const valueAt = 4 + offsetBytes
  const start = length > offsetBytes ? number(valueAt, offsetBytes) : bytesStart + at + valueAt
  const value = number(valueAt, type === SHORT ? 2 : valueBytes === 8 ? offsetBytes : 4)
  return { tag: number(0, 2), valueBytes, start, end: start + length, value: length > offsetBytes ? start : value }
}
