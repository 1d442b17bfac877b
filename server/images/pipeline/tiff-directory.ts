import type { ReadAt } from './read-at.ts'

/** One field of a directory: TIFF 6.0 §2, of which EXIF is made, too. Positions are those of the file. */
export interface Field {
  tag: number
  /** Where its values are: in the field itself when they fit into four bytes. */
  start: number
  /** Exclusive. */
  end: number
  /** The first value of integers, which is an offset for tags that point somewhere. */
  value: number
}

export interface Directory {
  start: number
  fields: Field[]
  /** Offset of the next one; 0: this was the last. */
  next: number
  littleEndian: boolean
}

export const FIELD_BYTES = 12
/** Bytes of a value, by type: BYTE, ASCII, SHORT, LONG, RATIONAL, then their signed and floating relatives. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4]
/** More than any honest file has. */
const MAXIMUM_DIRECTORIES = 10_000

/** The chain of directories of the TIFF structure at `base`. Throws on one that leads out of the file or in a circle. */
export async function readDirectories(readAt: ReadAt, base = 0): Promise<Directory[]> {
  const head = await readAt(base, 8)
  const littleEndian = head[0] === 0x49
  const directories: Directory[] = []
  const seen = new Set<number>()
  let next = littleEndian ? head.readUInt32LE(4) : head.readUInt32BE(4)
  while (next !== 0) {
    if (seen.has(next) || seen.size === MAXIMUM_DIRECTORIES) throw new Error('a TIFF whose directories do not end')
    seen.add(next)
    const directory = await readDirectory(readAt, { base, offset: next, littleEndian })
    directories.push(directory)
    next = directory.next
  }
  return directories
}

interface Place {
  base: number
  offset: number
  littleEndian: boolean
}

export async function readDirectory(readAt: ReadAt, { base, offset, littleEndian }: Place): Promise<Directory> {
  const start = base + offset
  const u16 = (bytes: Buffer, at: number) => (littleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at))
  const u32 = (bytes: Buffer, at: number) => (littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))
  const count = u16(await readAt(start, 2), 0)
  // A copy, since what `readAt` gives may be overwritten by the next read.
  const bytes = Buffer.from(await readAt(start + 2, count * FIELD_BYTES + 4))
  const fields = Array.from({ length: count }, (_, index) => {
    const at = index * FIELD_BYTES
    const type = u16(bytes, at + 2)
    const length = u32(bytes, at + 4) * (TYPE_BYTES[type] ?? 1)
    const valueStart = length > 4 ? base + u32(bytes, at + 8) : start + 2 + at + 8
    const value = type === 3 ? u16(bytes, at + 8) : u32(bytes, at + 8)
    return { tag: u16(bytes, at), start: valueStart, end: valueStart + length, value }
  })
  return { start, fields, next: u32(bytes, count * FIELD_BYTES), littleEndian }
}
