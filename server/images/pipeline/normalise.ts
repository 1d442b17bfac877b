import { rm, stat } from 'node:fs/promises'
import type { Metadata } from 'sharp'
import { kindsOf, type RemovedKind } from '../metadata/metadata-kinds.ts'
import type { ImageFormat } from './detect-format.ts'
import { encodeLike } from './encoding.ts'
import type { SharpModule } from './load-sharp.ts'
import { type ImageLimits, type ImageReport, isDiskFault, PictureProblem, type Strip } from './picture.ts'
import { withFile } from './read-at.ts'
import { isAnimatedPng } from './read-coding.ts'
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
import { stripAvif } from './strip-avif.ts'
import { stripGif } from './strip-gif.ts'
import { stripTiff } from './strip-tiff.ts'
import { hasWebColours, toWebColours } from './web-colours.ts'

export interface Picture {
  inputPath: string
  outputPath: string
  format: ImageFormat
  /** Tells, between two steps, not to go on. */
  stop: AbortSignal
}

type Outcome = Pick<ImageReport, 'dimensions' | 'status' | 'reason' | 'removed'>
type Treated = Pick<ImageReport, 'status' | 'removed'>

interface Dependencies {
  sharp: SharpModule
  strip: Strip
  limits: ImageLimits
}

/** Sharp knows of all their metadata, but not of a JPEG's comments and a TIFF's fields, which only stripping tells. */
const TOLD_BY_HEADER: ImageFormat[] = ['png', 'webp', 'avif']
const CONFUSED = 'its parts don’t fit together'

export function createNormaliser({ sharp, strip, limits }: Dependencies) {
  /**
   * Leaves at the output path the picture upright, in sRGB and without metadata, or nothing when that is not to be used.
   * Throws faults of the disk, and why `stop` stopped it.
   */
  async function normalise(picture: Picture): Promise<Outcome> {
    const isKept = ({ status }: Outcome) => status !== 'unchanged' && !picture.stop.aborted
    const outcome = await attempt(picture).catch(async (error) => {
      await rm(picture.outputPath, { force: true })
      throw error
    })
    if (!isKept(outcome)) await rm(picture.outputPath, { force: true })
    return outcome
  }

  async function attempt(picture: Picture): Promise<Outcome> {
    let dimensions: [number, number] | undefined
    try {
      const metadata = await readHeader(sharp, picture.inputPath)
      dimensions = dimensionsOf(metadata)
      assertWithin(limits, metadata)
      return { dimensions, ...(await treat(picture, metadata)) }
    } catch (error) {
      if (!(error instanceof PictureProblem)) throw error
      return { ...(dimensions && { dimensions }), status: 'unchanged', reason: error.message, removed: [] }
    }
  }

  async function treat(picture: Picture, metadata: Metadata): Promise<Treated> {
    const needsPixels = (metadata.orientation ?? 1) > 1 || !hasWebColours(metadata)
    const isTold = needsPixels && TOLD_BY_HEADER.includes(picture.format)
    const removed = isTold ? kindsOf(metadata) : await stripLosslessly(picture)
    picture.stop.throwIfAborted()
    if (removed && !needsPixels) return await stripped(picture, metadata, removed)
    await encodeAnew(picture, metadata)
    picture.stop.throwIfAborted()
    await assertSame(picture, metadata)
    return { status: 'normalised', removed: removed ?? kindsOf(metadata) }
  }

  /** What went; undefined: the file is built in a way that only its decoder follows. */
  async function stripLosslessly({ format, inputPath, outputPath, stop }: Picture): Promise<RemovedKind[] | undefined> {
    try {
      if (format === 'gif') return await stripGif(inputPath, outputPath, stop)
      if (format === 'tiff') return await stripTiff(inputPath, outputPath, stop)
      if (format === 'avif') return await stripAvif(inputPath, outputPath)
      return await strip(format, inputPath, outputPath, stop)
    } catch (error) {
      // sharp would take a GIF's palettes, and of a TIFF's pages and fields those that it knows.
      if (isDiskFault(error) || format === 'gif' || format === 'tiff') return rethrowAs(CONFUSED)(error)
      return undefined
    }
  }

  /** Of a picture in which nothing was found, the original is as good as its copy. */
  async function stripped(picture: Picture, metadata: Metadata, removed: RemovedKind[]): Promise<Treated> {
    await assertSame(picture, metadata)
    const [before, after] = await Promise.all([stat(picture.inputPath), stat(picture.outputPath)])
    const isSame = removed.length === 0 && before.size === after.size
    return { status: isSame ? 'unchanged' : 'stripped', removed }
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
    if (format === 'avif' && isAnimated(metadata)) throw new PictureProblem('unfit', 'it holds several pictures')
  }

  /** Throws unless the output is the picture that the input was, upright, whole and without a trace of metadata. */
  async function assertSame({ outputPath }: Picture, expected: Metadata): Promise<void> {
    const result = await readHeader(sharp, outputPath)
    const differences = [
      result.format !== expected.format,
      String(dimensionsOf(result)) !== String(dimensionsOf(expected)),
      framesOf(result) !== framesOf(expected),
      result.hasAlpha !== expected.hasAlpha,
      String([result.delay, result.loop]) !== String([expected.delay, expected.loop]),
      (result.orientation ?? 1) !== 1,
      (result.exif ?? result.xmp ?? result.iptc) !== undefined,
    ]
    if (differences.includes(true)) throw new PictureProblem('unfit', 'it came out differently')
    await assertDecodable(sharp, outputPath, limits, result)
  }

  return { normalise }
}
