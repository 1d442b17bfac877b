export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'gif' | 'tiff'

/** As many bytes of a file's beginning as `detectFormat` may look at; fewer will do for all but an AVIF with many brands. */
export const DETECTED_BYTES = 256

/**
 * What a file is by its first bytes, never by its name. Undefined: nothing that we work on, such as SVG, HEIC or BigTIFF.
 * A PNG is recognised by four of its eight signature bytes, so that one broken by a text-mode transfer is still called a PNG.
 */
export function detectFormat(head: Uint8Array): ImageFormat | undefined {
  const text = Buffer.from(head.subarray(0, DETECTED_BYTES)).toString('latin1')
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg'
  if (text.startsWith('\x89PNG')) return 'png'
  if (/^GIF8[79]a/.test(text)) return 'gif'
  if (/^(II\*\0|MM\0\*)/.test(text)) return 'tiff'
  if (/^RIFF.{4}WEBP/s.test(text)) return 'webp'
  if (brandsOf(text).some((brand) => brand === 'avif' || brand === 'avis')) return 'avif'
  return undefined
}

/** An AVIF with a track of frames, of which sharp would keep the first only. */
export const isAvifSequence = (head: Uint8Array): boolean =>
  brandsOf(Buffer.from(head.subarray(0, DETECTED_BYTES)).toString('latin1')).includes('avis')

/** The major and the compatible brands of an ISO base media file; HEIC, AVIF and MP4 differ by nothing else (ISO 14496-12 §4.3). */
function brandsOf(text: string): string[] {
  if (text.slice(4, 8) !== 'ftyp') return []
  const box = text.slice(0, Buffer.from(text, 'latin1').readUInt32BE(0))
  return [box.slice(8, 12), ...(box.slice(16).match(/.{4}/gs) ?? [])]
}
