import type { ReadAt } from './read-at.ts'

const QUANTISATION = 0xdb
const SCAN = 0xda
/** The sum of the luminance table in ITU T.81 annex K, which libjpeg uses unchanged for quality 50. */
const SUM_AT_50 = 3688

/**
 * The quality of a JPEG on libjpeg's scale of 1 to 100, estimated from its first quantisation table; for encoders with
 * other tables, the libjpeg quality that is as coarse. Undefined if there is no table before the pixels.
 */
export async function jpegQuality(readAt: ReadAt): Promise<number | undefined> {
  let position = 2
  for (;;) {
    const segment = await readAt(position, 4)
    const marker = segment[1]
    if (segment[0] !== 0xff || marker === SCAN) return undefined
    // Any number of 0xff may stand before a marker (T.81 §B.1.1.2).
    if (marker === 0xff) position += 1
    else if (marker === QUANTISATION) return qualityOf(await readAt(position + 4, 1 + 128))
    else position += 2 + segment.readUInt16BE(2)
  }
}

function qualityOf(table: Buffer): number {
  const hasWords = (table[0] ?? 0) >> 4 === 1
  const steps = Array.from({ length: 64 }, (_, i) =>
    hasWords ? table.readUInt16BE(1 + 2 * i) : table.readUInt8(1 + i),
  )
  const scale = (100 * steps.reduce((sum, step) => sum + step, 0)) / SUM_AT_50
  // The inverse of jpeg_quality_scaling() in libjpeg's jcparam.c.
  return Math.round(Math.min(100, Math.max(1, scale <= 100 ? (200 - scale) / 2 : 5000 / scale)))
}

/** Whether a PNG is an APNG (PNG third edition §11.3.6), of which sharp would keep only the first frame. */
export async function isAnimatedPng(readAt: ReadAt): Promise<boolean> {
  let position = 8
  for (;;) {
    const chunk = await readAt(position, 8)
    const kind = chunk.toString('latin1', 4, 8)
    if (kind === 'acTL') return true
    // It has to come before the pixels.
    if (kind === 'IDAT') return false
    position += 8 + chunk.readUInt32BE(0) + 4
  }
}
