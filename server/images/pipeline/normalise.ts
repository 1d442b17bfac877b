import { rm, stat } from 'node:fs/promises'
import type { Metadata } from 'sharp'
import { isKeptXmp } from '../metadata/kept-xmp.ts'
import { kindsOf, type RemovedKind } from '../metadata/metadata-kinds.ts'
import { UnstrippableError } from '../metadata/unstrippable-error.ts'
import { readCodedColours } from './coded-colours.ts'
import type { ImageFormat } from './detect-format.ts'
import { encodeLike } from './encoding.ts'
import {
  CONFUSED,
  type ImageLimits,
  ImageProblem,
  type ImageReport,
  isDiskFault,
  type Strip,
  type ToStrip,
} from './image.ts'
import type { SharpModule } from './load-sharp.ts'
import { checkingBytes, type MemoryBudget, normalisingBytes } from './memory.ts'
import { isAnimatedPng } from './read-coding.ts'
import {
  assertDecodable,
  assertWithin,
  dimensionsOf,
  framesOf,
  isAnimated,
  openImage,
  readHeader,
  rethrowAs,
  UNDECODABLE,
} from './read-image.ts'
import { stripBoxes } from './strip-boxes.ts'
import { stripGif } from './strip-gif.ts'
import { lossOfTiff, stripTiff } from './strip-tiff.ts'
import { hasWebColours, toWebColours } from './web-colours.ts'
import { webpCoding } from './webp-coding.ts'
import { withFile } from './with-file.ts'

export interface Image {
  inputPath: string
  outputPath: string
  format: ImageFormat
  /** Throws between two steps if the work was stopped. */
  stop: AbortSignal
}

export type Outcome = Pick<ImageReport, 'dimensions' | 'animated' | 'status' | 'reason' | 'removed'>
type Treated = Pick<ImageReport, 'status' | 'removed'>

interface Dependencies {
  sharp: SharpModule
  strip: Strip
  limits: ImageLimits
  memory: MemoryBudget
}

/** For these sharp reports all metadata; comments of a JPEG and fields of a TIFF are found only by stripping. */
const TOLD_BY_HEADER: ImageFormat[] = ['png', 'webp', 'avif']

export function createNormaliser({ sharp, strip, limits, memory }: Dependencies) {
  /**
   * Writes the image to the output path, upright, in sRGB and without metadata; writes nothing if the original is to be
   * used. Throws an `ImageProblem` if that is impossible, disk errors, and the reason of `stop`.
   */
  function normalise(image: Image): Promise<Outcome> {
    return whenKept(image, async () => {
      if (isUndecodable(image.format)) return stripUndecoded(image)
      const metadata = await readHeader(sharp, image.inputPath)
      assertWithin(limits, metadata)
      return { ...(await shapeOf(image, metadata)), ...(await treat(image, metadata)) }
    })
  }

  /** HEIC and JPEG XL store orientation and colours outside of their metadata, so nothing else has to be done. */
  async function stripUndecoded(image: Image): Promise<Outcome> {
    const { removed, dimensions } = await stripBoxes({ ...image, salvages: false }).catch(rethrowAs(CONFUSED))
    return { ...(dimensions && { dimensions }), status: await statusOf(image, removed), removed }
  }

  /**
   * For an image that can't be normalised: removes its metadata without decoding it. Orientation and colours are kept,
   * since they would need other pixels. Returns whether the image's structure could be parsed; if not, it is `unchanged`.
   * Throws disk errors, and the reason of `stop`.
   */
  function salvage(image: Image): Promise<Outcome & { isFollowed: boolean }> {
    return whenKept(image, async () => {
      const metadata = await knownHeader(image)
      const known = metadata && (await shapeOf(image, metadata))
      const removed = await stripBlindly(image, metadata).catch(onlyDiskFaults)
      if (!removed) return { ...known, status: 'unchanged', removed: [], isFollowed: false }
      return { ...known, status: await statusOf(image, removed), removed, isFollowed: true }
    })
  }

  const knownHeader = async ({ format, inputPath }: Image): Promise<Metadata | undefined> =>
    isUndecodable(format) ? undefined : await readHeader(sharp, inputPath).catch(onlyDiskFaults)

  async function stripBlindly(image: Image, metadata: Metadata | undefined): Promise<RemovedKind[]> {
    const removed = await stripAsItIs({ ...image, salvages: true }).catch(rethrowAs(CONFUSED))
    image.stop.throwIfAborted()
    if (metadata) await assertSameHeader(image, metadata)
    return removed
  }

  /** Deletes the output unless it is to be used. */
  async function whenKept<T extends Outcome>(image: Image, work: () => Promise<T>): Promise<T> {
    const outcome = await work().catch(async (error) => {
      await rm(image.outputPath, { force: true })
      throw error
    })
    if (outcome.status === 'unchanged' || image.stop.aborted) await rm(image.outputPath, { force: true })
    return outcome
  }

  async function treat(image: Image, metadata: Metadata): Promise<Treated> {
    const coded = await readCodedColours(image.inputPath, metadata)
    const needsPixels = (metadata.orientation ?? 1) > 1 || !(coded || hasWebColours(metadata))
    const isTold = needsPixels && TOLD_BY_HEADER.includes(image.format)
    const { removed, isCutOff } = isTold ? { removed: kindsOf(metadata) } : await stripLosslessly(image)
    image.stop.throwIfAborted()
    if (removed && !needsPixels) {
      const check = () => assertSame(image, metadata, isCutOff ? 'warning' : 'error')
      await memory.hold(checkingBytes(metadata), image.stop, check)
      return { status: await statusOf(image, removed), removed }
    }
    if (coded) throw new ImageProblem('unfit', 'its colours would get lost')
    const bytes = normalisingBytes(metadata, { format: image.format, isLossless: await isLossless(image) })
    await memory.hold(bytes, image.stop, async () => {
      await encodeAnew(image, metadata)
      image.stop.throwIfAborted()
      await assertSame(image, metadata, 'error')
    })
    return { status: 'normalised', removed: removed ?? kindsOf(metadata) }
  }

  const isLossless = async ({ format, inputPath }: Image): Promise<boolean> =>
    format === 'webp' && (await withFile(inputPath, webpCoding).catch(rethrowAs(CONFUSED))).isLossless

  /** Returns the removed kinds; undefined: only its decoder understands the file. A cut-off JPEG gets an end marker. */
  async function stripLosslessly(image: Image): Promise<{ removed?: RemovedKind[]; isCutOff?: boolean }> {
    try {
      return { removed: await stripAsItIs({ ...image, salvages: false }) }
    } catch (error) {
      // sharp would take a GIF's palettes, and of a TIFF's pages and fields those that it knows.
      if (isDiskFault(error) || image.format === 'gif' || image.format === 'tiff') return rethrowAs(CONFUSED)(error)
      const isCutOff = error instanceof UnstrippableError && error.reason === 'truncated' && image.format === 'jpeg'
      if (!isCutOff) return {}
      return { removed: await stripAsItIs({ ...image, salvages: true }).catch(rethrowAs(CONFUSED)), isCutOff }
    }
  }

  function stripAsItIs({ format, ...image }: ToStrip & Pick<Image, 'format'>): Promise<RemovedKind[]> {
    if (format === 'gif') return stripGif(image)
    if (format === 'tiff') return stripTiff(image)
    if (format === 'avif' || isUndecodable(format)) return stripBoxes(image).then(({ removed }) => removed)
    return strip(format, image)
  }

  /** If nothing was removed, the original is used instead of its copy. */
  async function statusOf(image: Image, removed: RemovedKind[]): Promise<'stripped' | 'unchanged'> {
    const [before, after] = await Promise.all([stat(image.inputPath), stat(image.outputPath)])
    return removed.length === 0 && before.size === after.size ? 'unchanged' : 'stripped'
  }

  async function encodeAnew(image: Image, metadata: Metadata): Promise<void> {
    const { inputPath: path, outputPath, format } = image
    await refuseWhatWouldGetLost(image, metadata)
    const pages = isAnimated(metadata) ? -1 : 1
    const upright = openImage(sharp, path, limits, { pages, autoOrient: true })
    const encoded = await encodeLike(toWebColours(upright, metadata), { sharp, limits, path, format, metadata }).catch(
      rethrowAs(CONFUSED),
    )
    await encoded.toFile(outputPath).catch(rethrowAs(UNDECODABLE))
  }

  async function refuseWhatWouldGetLost({ inputPath, format }: Image, metadata: Metadata): Promise<void> {
    if (format === 'png' && (await withFile(inputPath, isAnimatedPng).catch(rethrowAs(CONFUSED))))
      throw new ImageProblem('unfit', 'it is an animated PNG')
    const loss = format === 'tiff' ? await lossOfTiff(inputPath).catch(rethrowAs(CONFUSED)) : undefined
    if (loss !== undefined) throw new ImageProblem('unfit', loss)
    if (format === 'avif' && isAnimated(metadata)) throw new ImageProblem('unfit', 'it holds several images')
  }

  /** Throws unless the output is the same image as the input, upright, complete and without metadata. */
  async function assertSame(image: Image, expected: Metadata, failOn: 'error' | 'warning'): Promise<void> {
    const result = await assertSameHeader(image, expected)
    if ((result.orientation ?? 1) !== 1 || result.exif !== undefined) throw different()
    await assertDecodable(sharp, image.outputPath, limits, result, failOn)
  }

  /** Checks what is possible without decoding. Of EXIF, the orientation may be kept. */
  async function assertSameHeader({ outputPath }: Image, expected: Metadata): Promise<Metadata> {
    const result = await readHeader(sharp, outputPath)
    const differences = [
      result.format !== expected.format,
      String(dimensionsOf(result)) !== String(dimensionsOf(expected)),
      framesOf(result) !== framesOf(expected),
      result.hasAlpha !== expected.hasAlpha,
      String([result.delay, result.loop]) !== String([expected.delay, expected.loop]),
      (result.exif?.length ?? 0) > ORIENTATION_BYTES,
      (result.xmp && !isKeptXmp(result.xmp)) || result.iptc !== undefined,
    ]
    if (differences.includes(true)) throw different()
    return result
  }

  return { normalise, salvage }
}

/** Size and animation of the image as it is displayed. */
async function shapeOf(image: Image, metadata: Metadata): Promise<Pick<ImageReport, 'dimensions' | 'animated'>> {
  return { dimensions: dimensionsOf(metadata), ...((await moves(image, metadata)) && { animated: true }) }
}

async function moves({ inputPath, format }: Image, metadata: Metadata): Promise<boolean> {
  if (format !== 'png') return (format === 'gif' || format === 'webp') && isAnimated(metadata)
  return await withFile(inputPath, isAnimatedPng).catch((error: unknown) => {
    if (isDiskFault(error)) throw error
    return false
  })
}

/** No decoder is available for these. */
const isUndecodable = (format: ImageFormat): format is 'heic' | 'jxl' => format === 'heic' || format === 'jxl'

const different = () => new ImageProblem('unfit', 'it came out differently')

/** Size of an EXIF block with nothing else, including its name. */
const ORIENTATION_BYTES = 32

/** For `catch`: unreadable values count as missing. */
function onlyDiskFaults(error: unknown): undefined {
  if (!(error instanceof ImageProblem)) throw error
}
