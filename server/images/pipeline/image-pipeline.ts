import { open } from 'node:fs/promises'
import { AppError } from '../../errors.ts'
import { createDeriver, type Derivation, type Derived } from './derive.ts'
import { DETECTED_BYTES, detectFormat, isAvifSequence } from './detect-format.ts'
import { loadSharp } from './load-sharp.ts'
import { createNormaliser } from './normalise.ts'
import { type ImageLimits, type ImageReport, PictureProblem, type Strip } from './picture.ts'
import type { PictureInput } from './read-picture.ts'
import { createSlots } from './slots.ts'

interface Dependencies {
  /** Loses the metadata of JPEG, PNG and WebP; the other formats are ours. */
  strip: Strip
  limits: ImageLimits
  /** Pictures at a time; each takes one processor and some 100 MiB. */
  parallelism: number
  /** Pictures that may wait for that. */
  queueLimit: number
}

export function createImagePipeline({ strip, limits, parallelism, queueLimit }: Dependencies) {
  const slots = createSlots({ parallelism, queueLimit, timeoutMs: limits.timeoutMs })

  /**
   * Makes a picture upright, sRGB and free of metadata. A picture that can't be helped is reported `unchanged` with a reason
   * and never throws; faults of the disk and an abort do. There is a file at `outputPath` when the status is not `unchanged`.
   * Undefined: no picture that we work on.
   */
  async function normalise(
    inputPath: string,
    outputPath: string,
    signal?: AbortSignal,
  ): Promise<ImageReport | undefined> {
    const { head, size } = await readHead(inputPath)
    const format = detectFormat(head)
    if (!format) return undefined
    const report = { format, originalSize: size }
    const reason = refusal(head, size)
    if (reason) return { ...report, status: 'unchanged', reason, removed: [] }
    try {
      const work = async (stop: AbortSignal) => {
        const { normalise } = createNormaliser({ sharp: await loadSharp(), strip, limits })
        return await normalise({ inputPath, outputPath, format, stop })
      }
      return { ...report, ...(await slots.run(work, signal)) }
    } catch (error) {
      if (!(error instanceof PictureProblem)) throw error
      return { ...report, status: 'unchanged', reason: error.message, removed: [] }
    }
  }

  /** What can be said before it is anyone's turn. */
  function refusal(head: Buffer, size: number): string | undefined {
    if (size > limits.bytes) return `its file is bigger than ${limits.bytes / 1_000_000} MB`
    return isAvifSequence(head) ? 'it is an animated AVIF' : undefined
  }

  /**
   * A picture made of a picture: in another format, smaller, on a background. Throws `bad_request` for what can't be asked,
   * `not_acceptable` for a picture that can't be had, `unavailable` when too many want one.
   */
  async function derive(input: PictureInput, derivation: Derivation, signal?: AbortSignal): Promise<Derived> {
    const work = async (stop: AbortSignal) => {
      const { derive } = createDeriver({ sharp: await loadSharp(), limits })
      return await derive(input, derivation, stop)
    }
    return await slots.run(work, signal).catch(rethrowForCaller)
  }

  return { normalise, derive }
}

export type ImagePipeline = ReturnType<typeof createImagePipeline>

async function readHead(path: string): Promise<{ head: Buffer; size: number }> {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(DETECTED_BYTES), 0, DETECTED_BYTES, 0)
    return { head: buffer.subarray(0, bytesRead), size: (await file.stat()).size }
  } finally {
    await file.close()
  }
}

const RETRY_AFTER_SECONDS = 5

/** Here somebody waits for an answer, and there is no original to fall back to. */
function rethrowForCaller(error: unknown): never {
  if (!(error instanceof PictureProblem)) throw error
  if (error.kind === 'busy')
    throw new AppError('unavailable', error.message, { cause: error, retryAfterSeconds: RETRY_AFTER_SECONDS })
  throw new AppError('not_acceptable', `there is no other form of this picture: ${error.message}`, { cause: error })
}
