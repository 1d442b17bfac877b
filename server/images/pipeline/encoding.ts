import type { Metadata, Sharp } from 'sharp'
import type { ImageFormat } from './detect-format.ts'
import type { ImageLimits } from './image.ts'
import type { SharpModule } from './load-sharp.ts'
import { jpegQuality } from './read-coding.ts'
import { similarQuality } from './similar-quality.ts'
import { tiffCompression } from './strip-tiff.ts'
import { webpCoding } from './webp-coding.ts'
import { withFile } from './with-file.ts'

/** Sets how an image is saved in its own format without a visible change. */
export async function encodeLike(image: Sharp, source: Source): Promise<Sharp> {
  const { path, format, metadata } = source
  switch (format) {
    case 'jpeg':
      return encodeJpeg(image, source)
    case 'webp':
      return encodeWebp(image, path)
    case 'tiff':
      return encodeTiff(image, path, metadata)
    case 'avif':
      return image.avif({
        quality: AVIF_QUALITY,
        effort: 2,
        chromaSubsampling: '4:4:4',
        bitdepth: is16Bit(metadata) ? 10 : 8,
      })
    case 'png':
      // As many colours as before have room in a palette, exactly so; those below transparency would be mixed.
      return metadata.isPalette && !metadata.hasAlpha ? image.png(EXACT_PALETTE) : image.png()
    case 'gif':
    case 'heic':
    case 'jxl':
      throw new Error(`a ${format} never needs other pixels`)
  }
}

export interface Source {
  sharp: SharpModule
  limits: ImageLimits
  path: string
  format: ImageFormat
  metadata: Metadata
}

export const is16Bit = ({ depth }: Metadata): boolean => depth === 'ushort'

/**
 * SSIM of photos is above 0.99 with this (`similarity.test.ts`). A JPEG of 637 × 411 pixels, rotated, so that its blocks do not
 * match: saved with 40, 60, 75 and re-encoded with 40, 60, 75 it has 0.966, 0.978, 0.986, with 85 always 0.991 and with
 * 90 0.994; one saved with 97 has 0.993 with 90 and 0.998 with 97.
 */
const LOWEST_JPEG_QUALITY = 88
const HIGHEST_JPEG_QUALITY = 97
/** SSIM is from 0.98 to 0.99 then, at a third more bytes at most; 0.993 would take twice as many. */
const LOWEST_WEBP_QUALITY = 75
const AVIF_QUALITY = 85
const TIFF_JPEG_QUALITY = 95
const EXACT_PALETTE = { palette: true, quality: 100, dither: 0 }

/**
 * The quality of the source: less would be visible, more would only increase the size. Optimised Huffman tables would
 * save 3 % of the size but take a third more time.
 */
async function encodeJpeg(image: Sharp, source: Source): Promise<Sharp> {
  const own = (await withFile(source.path, jpegQuality)) ?? LOWEST_JPEG_QUALITY
  const lowest = Math.min(HIGHEST_JPEG_QUALITY, Math.max(LOWEST_JPEG_QUALITY, own))
  const quality = await similarQuality({ ...source, lowest, highest: HIGHEST_JPEG_QUALITY })
  const chromaSubsampling = source.metadata.chromaSubsampling?.startsWith('4:2:0') ? '4:2:0' : '4:4:4'
  return image.jpeg({ quality, chromaSubsampling, optimiseCoding: false })
}

/** As fine as the source was saved, as a JPEG. */
async function encodeWebp(image: Sharp, path: string): Promise<Sharp> {
  const { isLossless, quality = 100 } = await withFile(path, webpCoding)
  if (isLossless) return image.webp({ lossless: true, exact: true })
  return image.webp({ quality: Math.max(LOWEST_WEBP_QUALITY, quality), smartSubsample: true })
}

const JPEG_COMPRESSIONS = [6, 7]
const MILLIMETRES_PER_INCH = 25.4

/** Scans keep their resolution, so that they are printed at their original size. */
async function encodeTiff(image: Sharp, path: string, { density, bitsPerSample }: Metadata): Promise<Sharp> {
  const resolution = (density ?? 72) / MILLIMETRES_PER_INCH
  const scale = { xres: resolution, yres: resolution }
  if (bitsPerSample === 1) return image.tiff({ ...scale, compression: 'ccittfax4', bitdepth: 1 })
  if (JPEG_COMPRESSIONS.includes(await tiffCompression(path)))
    return image.tiff({ ...scale, compression: 'jpeg', quality: TIFF_JPEG_QUALITY })
  return image.tiff({ ...scale, compression: 'deflate', predictor: 'horizontal' })
}
