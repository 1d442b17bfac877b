import type { Metadata, Sharp } from 'sharp'
import { AppError } from '../../lib/errors.ts'
import { LIGHT, visibleBackground } from './background.ts'
import { type CodedColours, explained, readCodedColours } from './coded-colours.ts'
import { assertFitsFormat } from './derived-size.ts'
import type { FindHeicDecoder } from './heic-decoder.ts'
import { heicSize } from './heic-size.ts'
import { type ImageLimits, ImageProblem, type Strip } from './image.ts'
import type { SharpModule } from './load-sharp.ts'
import { derivingBytes, heicBytes, type MemoryBudget } from './memory.ts'
import {
  assertWithin,
  type ImageInput,
  isAnimated,
  openImage,
  readHeader,
  rethrowAs,
  tooLarge,
  UNDECODABLE,
} from './read-image.ts'
import { toSrgb } from './web-colours.ts'

export type DerivedFormat = 'jpeg' | 'png' | 'webp' | 'avif'

export interface Derivation {
  /** The default is the image's own format if it is one of these, else WebP. */
  format?: DerivedFormat | undefined
  /** Pixels. A missing one follows from the other; images are never enlarged, but `contain` may add bars. */
  width?: number | undefined
  height?: number | undefined
  /** As in CSS `object-fit`, and `inside`, the default: as large as fits, without bars. */
  fit?: 'cover' | 'contain' | 'fill' | 'inside' | 'outside' | undefined
  /** A CSS colour. The default for a JPEG is one on which the image is visible. */
  background?: string | undefined
  /** Of what moves, the first frame only, also in WebP. */
  still?: boolean | undefined
}

export interface Derived {
  bytes: Buffer
  contentType: `image/${DerivedFormat}`
  dimensions: [number, number]
}

interface Dependencies {
  sharp: SharpModule
  limits: ImageLimits
  memory: MemoryBudget
  strip: Strip
  findHeicDecoder?: FindHeicDecoder | undefined
}

/** The source of a derived image: the file, or its pixels in values that libvips understands. */
interface Source {
  input: ImageInput
  metadata: Metadata
}

export function createDeriver({ sharp, limits, memory, strip, findHeicDecoder }: Dependencies) {
  /** Throws an `ImageProblem`, `bad_request` for impossible parameters, and disk errors. */
  async function derive(path: string, derivation: Derivation, stop: AbortSignal): Promise<Derived> {
    assertPossible(derivation)
    const heic = await heicSize(path)
    if (!heic) return deriveDecodable(path, derivation, stop)
    const decoded = `${path}.decoded`
    await decodeHeic(path, decoded, heic, stop)
    return deriveDecodable(decoded, derivation, stop, path)
  }

  async function decodeHeic(path: string, target: string, [width, height]: [number, number], stop: AbortSignal) {
    const heicDecoder = await findHeicDecoder?.()
    if (!heicDecoder) throw new ImageProblem('unfit', 'this server has no decoder for HEIC')
    const pixels = width * height
    if (pixels > limits.pixels) throw tooLarge(limits)
    const jpeg = `${path}.jpg`
    await memory.hold(heicBytes(pixels), stop, () => heicDecoder.decode(path, jpeg, pixels, stop))
    // EXIF turns nothing in HEIF (ISO 23008-12 §A.2.1), but would in a JPEG.
    await strip('jpeg', { inputPath: jpeg, outputPath: target, salvages: false, stop }).catch(rethrowAs(UNDECODABLE))
  }

  /** `original`: says the colours of what was decoded. */
  async function deriveDecodable(
    path: string,
    derivation: Derivation,
    stop: AbortSignal,
    original?: string,
  ): Promise<Derived> {
    const header = await readHeader(sharp, path)
    const format = derivation.format ?? ownFormat(header)
    const metadata = movesAs(header, format, derivation) ? header : { ...header, pages: 1 }
    assertWithin(limits, metadata)
    assertFitsFormat(metadata, derivation, format)
    const colours = await readCodedColours(original ?? path, original ? { ...metadata, format: 'heif' } : metadata)
    const bytes = derivingBytes(metadata, derivation, { format, isExplained: colours !== undefined })
    return memory.hold(bytes, stop, async () => {
      const source = colours ? await explain(path, metadata, colours, derivation) : { input: path, metadata }
      stop.throwIfAborted()
      return make(source, { ...derivation, format }, stop)
    })
  }

  async function explain(
    path: string,
    metadata: Metadata,
    colours: CodedColours,
    { width, height }: Derivation,
  ): Promise<Source> {
    const upright = openImage(sharp, path, limits, { ignoreIcc: true, autoOrient: true })
    // Large enough for what any `fit` makes of it.
    const input = await explained(resized(upright, { width, height, fit: 'outside' }), metadata, colours).catch(
      rethrowAs(UNDECODABLE),
    )
    return { input, metadata: await readHeader(sharp, input) }
  }

  async function make(
    { input, metadata }: Source,
    derivation: Derivation & { format: DerivedFormat },
    stop: AbortSignal,
  ): Promise<Derived> {
    const { format } = derivation
    const background = derivation.background ?? (format === 'jpeg' ? await backgroundFor(input, metadata) : undefined)
    stop.throwIfAborted()
    const pages = isAnimated(metadata) ? -1 : 1
    const image = checked(() => {
      const upright = openImage(sharp, input, limits, { pages, autoOrient: true })
      const small = resized(flattened(upright, background), derivation, background)
      return encode(toSrgb(small, metadata), format)
    })
    const { data, info } = await image.toBuffer({ resolveWithObject: true }).catch(rethrowAs(UNDECODABLE))
    return { bytes: data, contentType: `image/${format}`, dimensions: [info.width, info.pageHeight ?? info.height] }
  }

  /** A small copy is sufficient. */
  async function backgroundFor(input: ImageInput, metadata: Metadata): Promise<string> {
    if (!metadata.hasAlpha) return LIGHT
    const sample = openImage(sharp, input, limits).resize({ width: 64, height: 64, fit: 'inside' })
    return visibleBackground(
      await toSrgb(sample, metadata).toColourspace('srgb').ensureAlpha().raw().toBuffer().catch(rethrowAs(UNDECODABLE)),
    )
  }

  /** Only the bars of `contain` can produce more pixels than the image has. */
  function assertPossible({ width = 1, height = 1 }: Derivation): void {
    const isSide = (side: number) => Number.isInteger(side) && side >= 1
    if (!isSide(width) || !isSide(height) || width * height > limits.pixels) throw new AppError('picture_size_invalid')
  }

  return { derive }
}

const ownFormat = ({ format }: Metadata): DerivedFormat => {
  if (format === 'jpeg' || format === 'png') return format
  // libvips calls it by its container.
  return format === 'heif' ? 'avif' : 'webp'
}

/** Whether frames stay frames: only WebP shows what moves, and the pages of a TIFF are no frames. */
const movesAs = ({ format }: Metadata, target: DerivedFormat, { still }: Derivation): boolean =>
  (format === 'gif' || format === 'webp') && target === 'webp' && !still

const flattened = (image: Sharp, background: string | undefined): Sharp =>
  background === undefined ? image : image.flatten({ background })

const TRANSPARENT = { r: 0, g: 0, b: 0, alpha: 0 }

function resized(image: Sharp, { width, height, fit = 'inside' }: Derivation, background?: string): Sharp {
  if (width === undefined && height === undefined) return image
  const size = { ...(width && { width }), ...(height && { height }) }
  return image.resize({ ...size, fit, withoutEnlargement: true, background: background ?? TRANSPARENT })
}

/** A little better than sharp's defaults for display, and fast enough to wait for. */
function encode(image: Sharp, format: DerivedFormat): Sharp {
  switch (format) {
    case 'jpeg':
      return image.jpeg({ quality: 85 })
    case 'png':
      return image.png()
    case 'webp':
      return image.webp({ quality: 82 })
    case 'avif':
      return image.avif({ quality: 60, effort: 2 })
  }
}

/** Sharp validates parameters while a pipeline is built, before it opens a file. */
function checked(build: () => Sharp): Sharp {
  try {
    return build()
  } catch (error) {
    throw new AppError('picture_size_impossible', {}, { cause: error })
  }
}
