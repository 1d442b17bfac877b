import type { FastifyBaseLogger } from 'fastify'
import { AppError, kindOf } from '../lib/errors.ts'
import type { Sender } from '../lib/sender.ts'
import type { Edit } from './boxes/edits.ts'
import { findEdits } from './boxes/find-edits.ts'
import { findRemaining, SEARCHED_BYTES } from './metadata/find-remaining.ts'
import { UnstrippableError } from './metadata/unstrippable-error.ts'
import { detectVideo, type VideoFormat } from './pipeline/detect-format.ts'
import { CONFUSED, ImageProblem, type VideoReport } from './pipeline/image.ts'
import { createReadAt, type ReadPart } from './pipeline/read-at.ts'
import type { Slots } from './pipeline/slots.ts'

interface Dependencies {
  /** Limits the memory for the indexes of videos. */
  slots: Slots
  log: Pick<FastifyBaseLogger, 'error'>
}

/** A video whose bytes are stored, not cleaned yet. */
interface StoredVideo {
  format: VideoFormat
  size: number
  /** Returns fewer bytes only at the end of the file. */
  readPart: ReadPart
}

const RETRY_AFTER_SECONDS = 60

/**
 * Cleans videos during the upload without decoding them: personal data becomes zeros, and everything else keeps its
 * position.
 */
export function createVideoIntake({ slots, log }: Dependencies) {
  /**
   * Returns the edits that clean a video, and a report. A video that can't be parsed is `unchanged`, with a reason. Reads
   * only its index. Throws what `readPart` throws, and `unavailable`: a retry may help.
   */
  async function inspect(
    { format, size, readPart }: StoredVideo,
    sender?: Sender,
  ): Promise<{ report: VideoReport; edits: Edit[] }> {
    const look = (stop: AbortSignal) => findEdits({ readAt: createReadAt(readPart, stop), size })
    try {
      const { edits, removed } = await slots.run(look, { owner: sender?.network })
      return { report: { format, status: edits.length > 0 ? 'stripped' : 'unchanged', removed }, edits }
    } catch (error) {
      const reason = reasonOf(error)
      if (reason === undefined) throw problemOf(error)
      const remaining = findRemaining(await readPart(0, SEARCHED_BYTES))
      return { report: { format, status: 'unchanged', reason, removed: [], remaining }, edits: [] }
    }
  }

  function problemOf(cause: unknown): unknown {
    if (kindOf(cause)) return cause
    if (!(cause instanceof ImageProblem)) log.error({ err: cause }, 'a video could not be cleaned')
    return new AppError('video_cleaning_failed', {}, { cause, retryAfterSeconds: RETRY_AFTER_SECONDS })
  }

  return { detect: detectVideo, inspect }
}

/** The reason why the video can't be parsed; undefined: the error is not caused by the video. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof UnstrippableError) return error.reason === 'unsupported' ? error.message : CONFUSED
  return error instanceof RangeError ? CONFUSED : undefined
}
