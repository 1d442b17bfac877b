import { malformed, unsupported } from '../metadata/unstrippable-error.ts'

/**
 * A box of an ISO base media file, the container of HEIC, AVIF, MP4 and QuickTime (ISO 14496-12 §4.2). Positions refer to
 * the bytes that it was read from.
 */
export interface Box {
  type: string
  start: number
  /** Start of its content, after its header. */
  content: number
  /** Exclusive. */
  end: number
}

/** With a size of 64 bits after the type. */
export const MAX_HEADER_BYTES = 16

/** `size` 0: the box extends to the end of the file. Returns undefined if the bytes are not a header. */
export function readBoxHeader(bytes: Buffer): { type: string; headerBytes: number; size: number } | undefined {
  if (bytes.length < 8) return undefined
  const type = bytes.toString('latin1', 4, 8)
  if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) return undefined
  const short = bytes.readUInt32BE(0)
  if (short === 1 && bytes.length < MAX_HEADER_BYTES) return undefined
  const size = short === 1 ? Number(bytes.readBigUInt64BE(8)) : short
  const headerBytes = short === 1 ? MAX_HEADER_BYTES : 8
  if (size !== 0 && (size < headerBytes || !Number.isSafeInteger(size))) return undefined
  return { type, headerBytes, size }
}

/** Maximum number of boxes in one index. A film has some hundred, an image of many tiles some thousand. */
const MAXIMUM_BOXES = 50_000

export type BoxReader = ReturnType<typeof createBoxReader>

/** Reads boxes that are held in memory: an index of a file, which starts at `base` in it. Throws `UnstrippableError`. */
export function createBoxReader(bytes: Buffer, base: number) {
  let count = 0

  function children(from: number, to: number): Box[] {
    const boxes: Box[] = []
    for (let start = from; to - start >= 8; ) {
      count += 1
      if (count > MAXIMUM_BOXES) throw unsupported('it is made of too many tiny parts')
      // Some lists of QuickTime end with a size of zero.
      if (bytes.readUInt32BE(start) === 0) break
      const box = boxAt(start, to)
      boxes.push(box)
      start = box.end
    }
    return boxes
  }

  function boxAt(start: number, to: number): Box {
    const size = bytes.readUInt32BE(start)
    const isLong = size === 1 && to - start >= MAX_HEADER_BYTES
    const end = start + (isLong ? Number(bytes.readBigUInt64BE(start + 8)) : size)
    const content = start + (isLong ? MAX_HEADER_BYTES : 8)
    if (end < content || end > to) throw malformed('a box reaches out of its parent')
    return { type: bytes.toString('latin1', start + 4, start + 8), start, content, end }
  }

  const childrenOf = (box: Box, skipped = 0): Box[] => children(box.content + skipped, box.end)

  /** The first child with each name of the path, each inside the previous one. */
  function find(box: Box, ...path: string[]): Box | undefined {
    let found: Box | undefined = box
    for (const type of path) found = found && childrenOf(found).find((child) => child.type === type)
    return found
  }

  /** An unsigned number; throws if it extends beyond `box`. */
  function number(box: Box, offset: number, length: 1 | 2 | 3 | 4 | 8): number {
    const at = box.content + offset
    if (at + length > box.end) throw malformed('a box is shorter than what it holds')
    return length === 8 ? Number(bytes.readBigUInt64BE(at)) : bytes.readUIntBE(at, length)
  }

  /** Text in Latin-1, at most to the end of the box. */
  const text = (box: Box, offset = 0, length = Number.POSITIVE_INFINITY): string =>
    bytes.toString('latin1', Math.min(box.end, box.content + offset), Math.min(box.end, box.content + offset + length))

  return { bytes, base, children, childrenOf, find, number, text }
}
