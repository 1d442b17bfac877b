import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { FastifyBaseLogger } from 'fastify'
import { type PictureSpool, type SpoolPaths, spoolFile } from './picture-spool.ts'
import { DETECTED_BYTES, detectFormat, type ImageFormat } from './pipeline/detect-format.ts'
import type { ImagePipeline } from './pipeline/image-pipeline.ts'
import type { ImageReport } from './pipeline/picture.ts'

interface Dependencies {
  pipeline: Pick<ImagePipeline, 'normalise'>
  spool: PictureSpool
  log: Pick<FastifyBaseLogger, 'error'>
}

export type PictureIntake = ReturnType<typeof createPictureIntake>

const CHUNK_BYTES = 256 * 1024

/** Pictures on their way in. */
export function createPictureIntake({ pipeline, spool, log }: Dependencies) {
  /**
   * Hands the normalised picture to `store`, or the picture as it came, with a report that says which. It is never the
   * picture's fault when this throws: only what `bytes` or `store` throw, and `insufficient_storage`.
   */
  function treat<T>(
    format: ImageFormat,
    bytes: AsyncIterable<Uint8Array>,
    store: (bytes: AsyncIterable<Uint8Array>, report: ImageReport) => Promise<T>,
  ): Promise<T> {
    return spool.lend(async (paths) => {
      await spoolFile(paths.input, bytes)
      const report = await normalise(paths, format)
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

  async function normalise({ input, output }: SpoolPaths, format: ImageFormat): Promise<ImageReport> {
    const unchanged = { format, status: 'unchanged', reason: 'the server could not work on it' } as const
    try {
      const report = await pipeline.normalise(input, output)
      if (report) return report
    } catch (err) {
      log.error({ err }, 'a picture could not be normalised')
    }
    return { ...unchanged, removed: [], originalSize: (await stat(input)).size }
  }

  return { headBytes: DETECTED_BYTES, detect: detectFormat, treat }
}
