import { rm, stat } from 'node:fs/promises'
import type { Metadata } from 'sharp'
import { isKeptXmp } from '../metadata/kept-xmp.ts'
import { kindsOf, type RemovedKind } from '../metadata/metadata-kinds.ts'
import { UnstrippableError } from '../metadata/unstrippable-error.ts'
import type { ImageFormat } from './detect-format.ts'
import { encodeLike } from './encoding.ts'
import type { SharpModule } from './load-sharp.ts'
import { checkingBytes, type MemoryBudget, normalisingBytes } from './memory.ts'
import {
  CONFUSED,
  type ImageLimits,
  type ImageReport,
  isDiskFault,
  PictureProblem,
  type Strip,
  type ToStrip,
} from './picture.ts'
import { isAnimatedPng, isLosslessWebp } from './read-coding.ts'
import {
  assertDecodable,
  assertWithin,
  dimensionsOf,
  framesOf,
  isAnimated,
  openPicture,
  readHeader,
  rethrowAs,
  UNDECODABLE,
} from './read-picture.ts'
import { stripBoxes } from './strip-boxes.ts'
import { stripGif } from './strip-gif.ts'
import { lossOfTiff, stripTiff } from './strip-tiff.ts'
import { hasWebColours, toWebColours } from './web-colours.ts'
import { withFile } from './with-file.ts'

export interface Picture {
  inputPath: string
  outputPath: string
  format: ImageFormat
  /** Throws, between two steps, when the work is to stop. */
  stop: AbortSignal
}

export type Outcome = Pick<ImageReport, 'dimensions' | 'status' | 'reason' | 'removed'>
type Treated = Pick<ImageReport, 'status' | 'removed'>

interface Dependencies {
  sharp: SharpModule
  strip: Strip
  limits: ImageLimits
  memory: MemoryBudget
}

/** Sharp knows of all their metadata, but not of a JPEG's comments and a TIFF's fields, which only stripping tells. */
const TOLD_BY_HEADER: ImageFormat[] = ['png', 'webp', 'avif']

export function createNormaliser({ sharp, strip, limits, memory }: Dependencies) {
  /**
   * Leaves at the output path the picture upright, in sRGB and without metadata, or nothing when that is not to be used.
   * Throws a `PictureProblem` when that can't be done, faults of the disk, and why `stop` stopped it.
   */
  function normalise(picture: Picture): Promise<Outcome> {
    return whenKept(picture, async () => {
      if (isUndecodable(picture.format)) return stripUndecoded(picture)
      const metadata = await readHeader(sharp, picture.inputPath)
      assertWithin(limits, metadata)
      return { dimensions: dimensionsOf(metadata), ...(await treat(picture, metadata)) }
    })
  }

  /** HEIC and JPEG XL say beside their metadata how they are turned and in what colours, so there is nothing else to do. */
  async function stripUndecoded(picture: Picture): Promise<Outcome> {
    const { removed, dimensions } = await stripBoxes({ ...picture, salvages: false }).catch(rethrowAs(CONFUSED))
    return { ...(dimensions && { dimensions }), status: await statusOf(picture, removed), removed }
  }

  /**
   * For a picture that can't be normalised: takes its metadata out without decoding it. What would need other pixels stays as it
   * is: how it is turned, and in what colours. Returns whether the picture's structure could be followed; if not, it is
   * `unchanged`. Throws faults of the disk, and why `stop` stopped it.
   */
  function salvage(picture: Picture): Promise<Outcome & { isFollowed: boolean }> {
    return whenKept(picture, async () => {
      const metadata = await knownHeader(picture)
      const known = metadata && { dimensions: dimensionsOf(metadata) }
      const removed = await stripBlindly(picture, metadata).catch(onlyDiskFaults)
      if (!removed) return { ...known, status: 'unchanged', removed: [], isFollowed: false }
      return { ...known, status: await statusOf(picture, removed), removed, isFollowed: true }
    })
  }

  const knownHeader = async ({ format, inputPath }: Picture): Promise<Metadata | undefined> =>
    isUndecodable(format) ? undefined : await readHeader(sharp, inputPath).catch(onlyDiskFaults)

  async function stripBlindly(picture: Picture, metadata: Metadata | undefined): Promise<RemovedKind[]> {
    const removed = await stripAsItIs({ ...picture, salvages: true }).catch(rethrowAs(CONFUSED))
    picture.stop.throwIfAborted()
    if (metadata) await assertSameHeader(picture, metadata)
    return removed
  }

  /** The output stays only when it is to be used. */
  async function whenKept<T extends Outcome>(picture: Picture, work: () => Promise<T>): Promise<T> {
    const outcome = await work().catch(async (error) => {
      await rm(picture.outputPath, { force: true })
      throw error
    })
    if (outcome.status === 'unchanged' || picture.stop.aborted) await rm(picture.outputPath, { force: true })
    return outcome
  }

  async function treat(picture: Picture, metadata: Metadata): Promise<Treated> {
    const needsPixels = (metadata.orientation ?? 1) > 1 || !hasWebColours(metadata)
    const isTold = needsPixels && TOLD_BY_HEADER.includes(picture.format)
    const { removed, isCutOff } = isTold ? { removed: kindsOf(metadata) } : await stripLosslessly(picture)
    picture.stop.throwIfAborted()
    if (removed && !needsPixels) {
      const check = () => assertSame(picture, metadata, isCutOff ? 'warning' : 'error')
      await memory.hold(checkingBytes(metadata), picture.stop, check)
      return { status: await statusOf(picture, removed), removed }
    }
    const bytes = normalisingBytes(metadata, { format: picture.format, isLossless: await isLossless(picture) })
    await memory.hold(bytes, picture.stop, async () => {
      await encodeAnew(picture, metadata)
      picture.stop.throwIfAborted()
      await assertSame(picture, metadata, 'error')
    })
    return { status: 'normalised', removed: removed ?? kindsOf(metadata) }
  }

  const isLossless = async ({ format, inputPath }: Picture): Promise<boolean> =>
    format === 'webp' && (await withFile(inputPath, isLosslessWebp).catch(rethrowAs(CONFUSED)))

  /** What went; undefined: the file is built in a way that only its decoder follows. A JPEG that is cut off gets an end. */
  async function stripLosslessly(picture: Picture): Promise<{ removed?: RemovedKind[]; isCutOff?: boolean }> {
    try {
      return { removed: await stripAsItIs({ ...picture, salvages: false }) }
    } catch (error) {
      // sharp would take a GIF's palettes, and of a TIFF's pages and fields those that it knows.
      if (isDiskFault(error) || picture.format === 'gif' || picture.format === 'tiff') return rethrowAs(CONFUSED)(error)
      const isCutOff = error instanceof UnstrippableError && error.reason === 'truncated' && picture.format === 'jpeg'
      if (!isCutOff) return {}
      return { removed: await stripAsItIs({ ...picture, salvages: true }).catch(rethrowAs(CONFUSED)), isCutOff }
    }
  }

  function stripAsItIs({ format, ...picture }: ToStrip & Pick<Picture, 'format'>): Promise<RemovedKind[]> {
    if (format === 'gif') return stripGif(picture)
    if (format === 'tiff') return stripTiff(picture)
    if (format === 'avif' || isUndecodable(format)) return stripBoxes(picture).then(({ removed }) => removed)
    return strip(format, picture)
  }

  /** Of a picture in which nothing was found, the original is as good as its copy. */
  async function statusOf(picture: Picture, removed: RemovedKind[]): Promise<'stripped' | 'unchanged'> {
    const [before, after] = await Promise.all([stat(picture.inputPath), stat(picture.outputPath)])
    return removed.length === 0 && before.size === after.size ? 'unchanged' : 'stripped'
  }

  async function encodeAnew(picture: Picture, metadata: Metadata): Promise<void> {
    const { inputPath: path, outputPath, format } = picture
    await refuseWhatWouldGetLost(picture, metadata)
    const pages = isAnimated(metadata) ? -1 : 1
    const upright = openPicture(sharp, path, limits, { pages, autoOrient: true })
    const encoded = await encodeLike(toWebColours(upright, metadata), { path, format, metadata }).catch(
      rethrowAs(CONFUSED),
    )
    await encoded.toFile(outputPath).catch(rethrowAs(UNDECODABLE))
  }

  async function refuseWhatWouldGetLost({ inputPath, format }: Picture, metadata: Metadata): Promise<void> {
    if (format === 'png' && (await withFile(inputPath, isAnimatedPng).catch(rethrowAs(CONFUSED))))
      throw new PictureProblem('unfit', 'it is an animated PNG')
    const loss = format === 'tiff' ? await lossOfTiff(inputPath).catch(rethrowAs(CONFUSED)) : undefined
    if (loss !== undefined) throw new PictureProblem('unfit', loss)
    if (format === 'avif' && isAnimated(metadata)) throw new PictureProblem('unfit', 'it holds several pictures')
  }

  /** Throws unless the output is the picture that the input was, upright, whole and without a trace of metadata. */
  async function assertSame(picture: Picture, expected: Metadata, failOn: 'error' | 'warning'): Promise<void> {
    const result = await assertSameHeader(picture, expected)
    if ((result.orientation ?? 1) !== 1 || result.exif !== undefined) throw different()
    await assertDecodable(sharp, picture.outputPath, limits, result, failOn)
  }

  /** As far as can be said without decoding. Of EXIF, the orientation may be left. */
  async function assertSameHeader({ outputPath }: Picture, expected: Metadata): Promise<Metadata> {
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

/** There is no decoder for them here. */
const isUndecodable = (format: ImageFormat): format is 'heic' | 'jxl' => format === 'heic' || format === 'jxl'

const different = () => new PictureProblem('unfit', 'it came out differently')

/** Of EXIF that says nothing else, with its name in front. */
const ORIENTATION_BYTES = 32

/** For `catch`: what can't be read of a picture is not there. */
function onlyDiskFaults(error: unknown): undefined {
  if (!(error instanceof PictureProblem)) throw error
}
