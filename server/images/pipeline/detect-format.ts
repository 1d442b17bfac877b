export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'heic' | 'jxl' | 'gif' | 'tiff'

const AVIF_BRANDS = new Set(['avif', 'avis'])
/** ISO 23008-12 annexes B and C: images coded with HEVC, of any coding, and sequences of both. */
const HEIF_BRANDS = new Set('heic heix heim heis hevc hevx hevm hevs mif1 mif2 msf1'.split(' '))

/** The number of bytes that `detectFormat` may examine; fewer are sufficient for all but an AVIF with many brands. */
export const DETECTED_BYTES = 256

/**
 * Detects the format of a file by its first bytes, never by its name. Undefined: not a supported image, such as SVG, or
 * JPEG XL without boxes, which can't contain metadata. A PNG is recognised by four of its eight signature bytes, so that
 * one broken by a text-mode transfer is still treated as a PNG.
 */
export function detectFormat(head: Uint8Array): ImageFormat | undefined {
  const text = Buffer.from(head.subarray(0, DETECTED_BYTES)).toString('latin1')
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg'
  if (text.startsWith('\x89PNG')) return 'png'
  if (/^GIF8[79]a/.test(text)) return 'gif'
  // With 43 instead of 42, a BigTIFF.
  if (/^(II[*+]\0|MM\0[*+])/.test(text)) return 'tiff'
  if (text.startsWith('\0\0\0\x0cJXL \r\n\x87\n')) return 'jxl'
  if (/^RIFF.{4}WEBP/s.test(text)) return 'webp'
  const brands = brandsOf(text)
  if (brands.some((brand) => AVIF_BRANDS.has(brand))) return 'avif'
  return brands.some((brand) => HEIF_BRANDS.has(brand)) ? 'heic' : undefined
}

export type VideoFormat = 'mp4' | 'mov' | 'm4v' | '3gp'

/** Brands of audio files, whose tags are content; of cameras' raw images; of documents and other kinds of images. */
const OTHER_BRANDS = /^(?:M4[ABP] |F4[AB] |aax|crx |jp[2mx] |mj[p2])/
/** The beginnings of QuickTime files from before brands existed. */
const OLD_QUICKTIME = /^.{4}(?:moov|mdat|wide|pnot)/s

/** Detects the format of a video by its first bytes; undefined if it is not a supported one. */
export function detectVideo(head: Uint8Array): VideoFormat | undefined {
  if (detectFormat(head) !== undefined) return undefined
  const text = Buffer.from(head.subarray(0, DETECTED_BYTES)).toString('latin1')
  const [brand] = brandsOf(text)
  if (brand === undefined) return OLD_QUICKTIME.test(text) ? 'mov' : undefined
  if (OTHER_BRANDS.test(brand)) return undefined
  if (brand === 'qt  ') return 'mov'
  if (brand.startsWith('3g')) return '3gp'
  return brand.startsWith('M4V') ? 'm4v' : 'mp4'
}

/** An AVIF with a track of frames, of which sharp would keep only the first. */
export const isAvifSequence = (head: Uint8Array): boolean =>
  brandsOf(Buffer.from(head.subarray(0, DETECTED_BYTES)).toString('latin1')).includes('avis')

/** The major and the compatible brands of an ISO base media file, which distinguish HEIC, AVIF and MP4 (ISO 14496-12 §4.3). */
function brandsOf(text: string): string[] {
  if (text.slice(4, 8) !== 'ftyp') return []
  const box = text.slice(0, Buffer.from(text, 'latin1').readUInt32BE(0))
  return [box.slice(8, 12), ...(box.slice(16).match(/.{4}/gs) ?? [])]
}
