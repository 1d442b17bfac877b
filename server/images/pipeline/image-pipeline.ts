import { open, rename } from 'node:fs/promises'
import { AppError } from '../../lib/errors.ts'
import { findRemaining, SEARCHED_BYTES } from '../metadata/find-remaining.ts'
import type { RemovedKind } from '../metadata/metadata-kinds.ts'
import { createDeriver, type Derivation, type Derived } from './derive.ts'
import { DETECTED_BYTES, detectFormat, isAvifSequence } from './detect-format.ts'
import type { FindHeicDecoder } from './heic-decoder.ts'
import { type ImageLimits, ImageProblem, type ImageReport, type Strip } from './image.ts'
import { loadSharp } from './load-sharp.ts'
import type { MemoryBudget } from './memory.ts'
import { createNormaliser, type Image, type Outcome } from './normalise.ts'
import type { Claimant, Slots } from './slots.ts'

interface Dependencies {
  /** Removes the metadata of JPEG, PNG and WebP; the other formats are handled by the pipeline. */
  strip: Strip
  limits: ImageLimits
  /** Each image uses one processor. */
  slots: Slots
  /** May be shared with other pipelines. */
  memory: MemoryBudget
  /** Absent: nothing is made of HEIC. */
  findHeicDecoder?: FindHeicDecoder | undefined
}

/** Separate from the output, since a thread of libvips that could not be stopped may continue to write. */
const attemptOf = (outputPath: string): string => `${outputPath}.attempt`

export function createImagePipeline({ strip, limits, slots, memory, findHeicDecoder }: Dependencies) {
  const normaliser = async () => createNormaliser({ sharp: await loadSharp(), strip, limits, memory })

  /**
   * Makes an image upright, sRGB and free of metadata. If that is impossible, at least its metadata is removed; if its
   * structure can't be parsed either, it is reported as `unchanged`: both with a reason. There is a file at `outputPath`
   * unless the status is `unchanged`. Returns undefined if it is not a supported image. Throws `unavailable` if it could
   * be cleaned, but not now; disk errors; and the reason of an abort.
   */
  async function normalise(
    inputPath: string,
    outputPath: string,
    claimant: Claimant = {},
  ): Promise<ImageReport | undefined> {
    const { head, size } = await readHead(inputPath)
    const format = detectFormat(head)
    if (!format) return undefined
    const image = { inputPath, format }
    const work = async (stop: AbortSignal): Promise<Outcome> => {
      assertWorthDecoding(head, size)
      const attempt = { ...image, outputPath: attemptOf(outputPath), stop }
      const outcome = await (await normaliser()).normalise(attempt)
      if (outcome.status !== 'unchanged' && !stop.aborted) await rename(attempt.outputPath, outputPath)
      return outcome
    }
    const stop = claimant.signal ?? new AbortController().signal
    const outcome = await slots.run(work, claimant).catch(async (problem: unknown) => {
      if (!(problem instanceof ImageProblem)) throw problem
      if (problem.kind === 'busy') throw notNow(problem)
      return salvaged({ ...image, outputPath, stop }, problem)
    })
    const isLeft = outcome.status === 'unchanged' && outcome.reason !== undefined
    return { format, originalSize: size, ...outcome, ...(isLeft && { remaining: await remainingIn(inputPath) }) }
  }

  /** Takes little memory and time, so it does not wait in the queue. */
  async function salvaged(image: Image, problem: ImageProblem): Promise<Outcome> {
    const { isFollowed, ...outcome } = await (await normaliser()).salvage(image)
    if (!isFollowed && problem.kind === 'slow') throw notNow(problem)
    return { ...outcome, reason: problem.message }
  }

  function assertWorthDecoding(head: Buffer, size: number): void {
    if (size > limits.bytes) throw new ImageProblem('unfit', `its file is bigger than ${limits.bytes / 1_000_000} MB`)
    if (isAvifSequence(head)) throw new ImageProblem('unfit', 'it is an animated AVIF')
  }

  /**
   * Derives an image: in another format, smaller, on a background. Throws `bad_request` for impossible parameters,
   * `not_acceptable` for an image that can't be converted, `unavailable` if too many are requested, and the reason of an
   * abort.
   */
  async function derive(path: string, derivation: Derivation, claimant?: Claimant): Promise<Derived> {
    const work = async (stop: AbortSignal) => {
      const { derive } = createDeriver({ sharp: await loadSharp(), limits, memory, strip, findHeicDecoder })
      return await derive(path, derivation, stop)
    }
    return await slots.run(work, claimant).catch(rethrowForCaller)
  }

  return { normalise, derive }
}

export type ImagePipeline = ReturnType<typeof createImagePipeline>

const remainingIn = async (path: string): Promise<RemovedKind[]> =>
  findRemaining((await readHead(path, SEARCHED_BYTES)).head)

async function readHead(path: string, length = DETECTED_BYTES): Promise<{ head: Buffer; size: number }> {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, 0)
    return { head: buffer.subarray(0, bytesRead), size: (await file.stat()).size }
  } finally {
    await file.close()
  }
}

const RETRY_AFTER_SECONDS = 5

const notNow = (cause: ImageProblem) =>
  new AppError('picture_cleaning_busy', {}, { cause, retryAfterSeconds: RETRY_AFTER_SECONDS })

/** A client waits for the response, and there is no original to return instead. */
function rethrowForCaller(error: unknown): never {
  if (!(error instanceof ImageProblem)) throw error
  if (error.kind === 'busy')
    throw new AppError(
      'picture_later',
      { reason: error.message },
      { cause: error, retryAfterSeconds: RETRY_AFTER_SECONDS },
    )
  throw new AppError('picture_not_convertible', { reason: error.message }, { cause: error })
}
