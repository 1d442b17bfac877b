import type { Metadata } from 'sharp'
import type { Derivation, DerivedFormat } from './derive.ts'
import { derivedSize } from './derived-size.ts'
import type { ImageFormat } from './detect-format.ts'
import { ImageProblem } from './image.ts'

/**
 * The maximum memory that libvips and the codecs use, in bytes, as measured with images of 6 and 24 megapixels
 * (docs/performance.md). Work done line by line needs almost none; images held as a whole count for each pixel.
 */

/** Bytes to encode one pixel. WebP and AVIF hold several copies of the whole image. */
const ENCODING = { jpeg: 1, png: 1, tiff: 1, gif: 0, heic: 0, jxl: 0, webp: 13, avif: 25 }
const ENCODING_LOSSLESS_WEBP = 37
/** For the encoding in `derive.ts`, into memory: JPEG with optimised Huffman tables, AVIF with other options. */
const ENCODING_DERIVED: Record<DerivedFormat, number> = { jpeg: 7, png: 4, webp: 16, avif: 34 }
/** A pixel of 16 bits with transparency, in two copies while its profile is put in. */
const EXPLAINED = 16
/** Bytes to decode one pixel of an image that is not decoded line by line. */
const DECODING_WEBP = 6
const DECODING_AVIF = 20
const DECODING_GIF = 10
/** Buffers and current lines, for any image. */
const FLOOR = 4_000_000

/** Memory to decode a whole image and keep a few pixels. */
export const checkingBytes = (metadata: Metadata): number => FLOOR + decodingBytes(metadata)

interface Encoding {
  format: ImageFormat
  /** For a WebP. */
  isLossless: boolean
}

/** Memory to make an image upright and sRGB, and to check the result. */
export function normalisingBytes(metadata: Metadata, { format, isLossless }: Encoding): number {
  const perPixel = isLossless ? ENCODING_LOSSLESS_WEBP : ENCODING[format]
  return FLOOR + decodingBytes(metadata) + turningBytes(metadata) + pixelsOf(metadata) * perPixel
}

interface Deriving {
  format: DerivedFormat
  /** Its pixels are held in memory in between (`explained`). */
  isExplained: boolean
}

/** Memory to derive an image. */
export function derivingBytes(metadata: Metadata, derivation: Derivation, { format, isExplained }: Deriving): number {
  const pixels = derivedPixels(metadata, derivation)
  const shrunk = shrinks(metadata) ? Math.min(1, (SHRINKING_MARGIN * pixels) / pixelsOf(metadata)) : 1
  const held = isExplained ? EXPLAINED * derivedPixels(metadata, { ...derivation, fit: 'outside' }) : 0
  return FLOOR + decodingBytes(metadata) + shrunk * turningBytes(metadata) + held + pixels * ENCODING_DERIVED[format]
}

/** JPEG and WebP can be decoded at a reduced size, JPEG in powers of two: up to twice the final width and height. */
const shrinks = ({ format }: Metadata): boolean => format === 'jpeg' || format === 'webp'
const SHRINKING_MARGIN = 4

function derivedPixels(metadata: Metadata, derivation: Derivation): number {
  const [width, height] = derivedSize(metadata, derivation)
  return width * height * (metadata.pages ?? 1)
}

const pixelsOf = ({ width, height, pageHeight, pages = 1 }: Metadata): number => width * (pageHeight ?? height) * pages

const sampleBytes = ({ channels, depth }: Metadata): number => channels * (SAMPLE_BYTES.get(depth) ?? 8)

const SAMPLE_BYTES = new Map([
  ['uchar', 1],
  ['char', 1],
  ['ushort', 2],
  ['short', 2],
  ['uint', 4],
  ['int', 4],
  ['float', 4],
])

/** A line of a rotated image is a column of the source, so the whole source is needed. */
const turningBytes = (metadata: Metadata): number =>
  (metadata.orientation ?? 1) === 1 ? 0 : pixelsOf(metadata) * sampleBytes(metadata)

function decodingBytes(metadata: Metadata): number {
  const pixels = pixelsOf(metadata)
  const { format } = metadata
  if (format === 'jpeg') return metadata.isProgressive ? pixels * 2.2 * coefficientsOf(metadata) : 0
  if (format === 'png') return metadata.isProgressive ? pixels * sampleBytes(metadata) : 0
  if (format === 'webp') return oneFrame(metadata) * DECODING_WEBP
  if (format === 'gif') return oneFrame(metadata) * DECODING_GIF
  if (format === 'heif') return pixels * DECODING_AVIF
  return pixels * sampleBytes(metadata) // a TIFF may be one strip, or one tile
}

const oneFrame = (metadata: Metadata): number => pixelsOf(metadata) / (metadata.pages ?? 1)

/** For each pixel: a progressive JPEG contains several scans of the whole image. */
const coefficientsOf = ({ channels, chromaSubsampling = '' }: Metadata): number =>
  chromaSubsampling.startsWith('4:2:0') ? channels / 2 : channels

/** To decode a HEIC, in another process. */
export const heicBytes = (pixels: number): number => 2 * FLOOR + 5 * pixels

export type MemoryBudget = ReturnType<typeof createMemoryBudget>

/** Distributes memory among images that are processed at the same time, in the order of their requests. */
export function createMemoryBudget(totalBytes: number) {
  const waiting: { bytes: number; start: () => void }[] = []
  let freeBytes = totalBytes

  /** Runs `work` once there is memory for it. Throws an `ImageProblem` if there never is, and the reason of `stop`. */
  async function hold<T>(bytes: number, stop: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (bytes > totalBytes) throw new ImageProblem('unfit', 'it takes more memory than there is for an image')
    await room(bytes, stop)
    try {
      return await work()
    } finally {
      freeBytes += bytes
      admit()
    }
  }

  function room(bytes: number, stop: AbortSignal): Promise<void> {
    stop.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const one = { bytes, start: resolve }
    const leave = () => {
      const index = waiting.indexOf(one)
      if (index === -1) return // it has its room, and gives it back
      waiting.splice(index, 1)
      reject(stop.reason)
      admit()
    }
    stop.addEventListener('abort', leave, { once: true })
    waiting.push(one)
    admit()
    return promise
  }

  function admit(): void {
    for (let [first] = waiting; first && first.bytes <= freeBytes; [first] = waiting) {
      waiting.shift()
      freeBytes -= first.bytes
      first.start()
    }
  }

  return { hold }
}
