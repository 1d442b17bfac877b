import type { ReadAt } from './read-at.ts'

/** The coding of the first frame of a WebP, which is usually that of all frames. */
export interface WebpCoding {
  isLossless: boolean
  /** On libwebp's scale of 1 to 100. Undefined where it is lossless. */
  quality?: number
}

/** Of a frame, before the boolean decoder begins (RFC 6386 §9.1). */
const FRAME_HEADER_BYTES = 10
/** Of the first partition, as much as may come before the quantiser. */
const LOOKED_AT_BYTES = 64

/** RFC 9649 §2. Throws a `RangeError` when the file ends before its pixels. */
export async function webpCoding(readAt: ReadAt): Promise<WebpCoding> {
  let position = 12
  for (;;) {
    const chunk = await readAt(position, 8)
    const kind = chunk.toString('latin1', 0, 4)
    const size = chunk.readUInt32LE(4)
    if (kind === 'VP8L') return { isLossless: true }
    if (kind === 'VP8 ') {
      const frame = await readAt(position + 8, Math.min(size, FRAME_HEADER_BYTES + LOOKED_AT_BYTES))
      return { isLossless: false, quality: qualityOf(quantiserOf(frame.subarray(FRAME_HEADER_BYTES))) }
    }
    // A frame has sixteen bytes of its own before the chunks inside it; others are skipped, padded to an even size.
    position += kind === 'ANMF' ? 8 + 16 : 8 + size + (size % 2)
  }
}

/** The inverse of `QualityToCompression` in libwebp's quant_enc.c. */
function qualityOf(quantiser: number): number {
  const compression = (1 - quantiser / 127) ** 3
  return Math.round(100 * (compression < 0.5 ? compression * 1.5 : (compression + 1) / 2))
}

const SEGMENTS = 4

/** The index of the quantiser, from 0 to 127, from the header of a key frame (RFC 6386 §9.2 to 9.6 and 19.2); the finest of its segments. */
function quantiserOf(partition: Buffer): number {
  const { flag, number, signed } = createBooleanDecoder(partition)
  number(2) // colour space, clamping
  let segments: number[] = []
  let areDeltas = false
  if (flag()) {
    const hasMap = flag()
    if (flag()) {
      areDeltas = !flag()
      segments = Array.from({ length: SEGMENTS }, () => signed(7))
      for (let i = 0; i < SEGMENTS; i++) signed(6) // loop filters
    }
    if (hasMap) for (let i = 0; i < SEGMENTS - 1; i++) if (flag()) number(8)
  }
  number(1 + 6 + 3) // the loop filter
  if (flag() && flag()) for (let i = 0; i < 8; i++) signed(6) // its differences
  number(2) // count of partitions
  const base = number(7)
  if (segments.length === 0) return base
  const finest = Math.min(...segments.map((segment) => (areDeltas ? base + segment : segment)))
  return Math.max(0, Math.min(127, finest))
}

/** RFC 6386 §7.3, for values that are as likely as not. */
function createBooleanDecoder(bytes: Buffer) {
  let position = 2
  let value = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)
  let range = 255
  let shifted = 0

  function flag(): boolean {
    const split = 1 + (((range - 1) * 128) >> 8)
    const isSet = value >= split << 8
    if (isSet) {
      range -= split
      value -= split << 8
    } else range = split
    while (range < 128) {
      value <<= 1
      range <<= 1
      shifted += 1
      if (shifted === 8) {
        shifted = 0
        value |= bytes[position] ?? 0
        position += 1
      }
    }
    return isSet
  }

  function number(bits: number): number {
    let result = 0
    for (let bit = 0; bit < bits; bit++) result = result * 2 + (flag() ? 1 : 0)
    return result
  }

  /** 0 when it is not there. */
  function signed(bits: number): number {
    if (!flag()) return 0
    const amount = number(bits)
    return flag() ? -amount : amount
  }

  return { flag, number, signed }
}
