import { availableParallelism } from 'node:os'
import type { FastifyBaseLogger } from 'fastify'
import { createPictureIntake } from './picture-intake.ts'
import { createPictureSpool } from './picture-spool.ts'
import { createImagePipeline } from './pipeline/image-pipeline.ts'
import { stripFile } from './strip-file.ts'

interface Dependencies {
  isOn: boolean
  /** Where pictures lie while they are worked on. */
  folder: string
  log: Pick<FastifyBaseLogger, 'error'>
}

const LIMITS = { bytes: 500_000_000, pixels: 100_000_000, frames: 1000, timeoutMs: 30_000 }
/** Each picture takes a processor, and memory for all of its pixels. */
const MAX_PARALLELISM = 8
/**
 * What comes in waits on disk, and a picture that finds no place in the queue would keep its GPS position: so the queue is
 * long, and nobody who asks for derived pictures can fill it.
 */
const INTAKE_QUEUE = 1000

/** Everything that is done with pictures; the spool is swept even when it is off. */
export function createImages({ isOn, folder, log }: Dependencies) {
  const spool = createPictureSpool({ folder, log })
  if (!isOn) return { spool, intake: undefined, close: spool.close }
  const parallelism = Math.min(MAX_PARALLELISM, availableParallelism())
  const pipeline = (slots: { parallelism: number; queueLimit: number }) =>
    createImagePipeline({ strip: stripFile, limits: LIMITS, ...slots })
  const intake = createPictureIntake({ pipeline: pipeline({ parallelism, queueLimit: INTAKE_QUEUE }), spool, log })
  return { spool, intake, close: spool.close }
}
