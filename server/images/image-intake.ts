import { createReadStream } from 'node:fs'
import type { FastifyBaseLogger } from 'fastify'
import { AppError, kindOf } from '../lib/errors.ts'
import type { Sender } from '../lib/sender.ts'
import { type ImageSpool, isFull, type SpoolPaths, spoolFile } from './image-spool.ts'
import { DETECTED_BYTES, detectFormat } from './pipeline/detect-format.ts'
import type { ImageReport } from './pipeline/image.ts'
import type { ImagePipeline } from './pipeline/image-pipeline.ts'

interface Dependencies {
  pipeline: Pick<ImagePipeline, 'normalise'>
  spool: ImageSpool
  log: Pick<FastifyBaseLogger, 'error'>
}

const CHUNK_BYTES = 256 * 1024
const RETRY_AFTER_SECONDS = 60

/** Cleans images during the upload. */
export function createImageIntake({ pipeline, spool, log }: Dependencies) {
  /**
   * Passes the normalised image to `store`, or the original if it can't be processed, with a report. Throws what `bytes`
   * and `store` throw; `insufficient_storage`; `unavailable`: a retry may help; `aborted`: its sender disconnected.
   */
  function treat<T>(
    bytes: AsyncIterable<Uint8Array>,
    sender: Sender | undefined,
    store: (bytes: AsyncIterable<Uint8Array>, report: ImageReport) => Promise<T>,
  ): Promise<T> {
    return spool.lend(async (paths) => {
      await spoolFile(paths.input, bytes)
      const report = await normalise(paths, sender)
      const treated = createReadStream(report.status !== 'unchanged' ? paths.output : paths.input, {
        highWaterMark: CHUNK_BYTES,
      })
      try {
        return await store(treated, report)
      } finally {
        treated.destroy()
      }
    })
  }

  async function normalise({ input, output }: SpoolPaths, sender: Sender | undefined): Promise<ImageReport> {
    try {
      const report = await pipeline.normalise(input, output, { owner: sender?.network, signal: sender?.gone })
      if (report) return report
      throw new Error('an image was taken for none')
    } catch (cause) {
      if (sender?.gone.aborted) throw new AppError('sender_gone', {}, { cause })
      if (kindOf(cause) || isFull(cause)) throw cause
      log.error({ err: cause }, 'an image could not be normalised')
      throw new AppError('picture_cleaning_failed', {}, { cause, retryAfterSeconds: RETRY_AFTER_SECONDS })
    }
  }

  return { headBytes: DETECTED_BYTES, detect: detectFormat, treat }
}
