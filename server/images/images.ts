import { availableParallelism } from 'node:os'
import type { FastifyBaseLogger } from 'fastify'
import type { BlobStore } from '../../storage/blob-store.ts'
import type { Clock } from '../clock.ts'
import type { AssertFreeSpace } from '../uploads/free-space.ts'
import { createPictureIntake } from './picture-intake.ts'
import { createPictureSpool } from './picture-spool.ts'
import { createImagePipeline } from './pipeline/image-pipeline.ts'
import { stripFile } from './strip-file.ts'
import { createVariants } from './variants.ts'
import type { VariantsRepo } from './variants-repo.ts'

interface Dependencies {
  isOn: boolean
  /** Where pictures lie while they are worked on. */
  folder: string
  repo: VariantsRepo
  blobs: BlobStore
  assertFreeSpace: AssertFreeSpace
  clock: Clock
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
/** Here somebody waits for an answer, and may ask again. */
const VARIANTS_QUEUE = 64

/** Everything that is done with pictures; the spool is swept even when it is off. */
export function createImages({ isOn, folder, repo, blobs, assertFreeSpace, clock, log }: Dependencies) {
  const spool = createPictureSpool({ folder, log })
  if (!isOn) return { spool, intake: undefined, variants: undefined, close: spool.close }
  const parallelism = Math.min(MAX_PARALLELISM, availableParallelism())
  const createPipeline = (slots: { parallelism: number; queueLimit: number }) =>
    createImagePipeline({ strip: stripFile, limits: LIMITS, ...slots })
  const intake = createPictureIntake({
    pipeline: createPipeline({ parallelism, queueLimit: INTAKE_QUEUE }),
    spool,
    log,
  })
  const limits = { bytes: LIMITS.bytes, parallelism: Math.ceil(parallelism / 2), queue: VARIANTS_QUEUE }
  const pipeline = createPipeline({ parallelism: limits.parallelism, queueLimit: VARIANTS_QUEUE })
  const variants = createVariants({ pipeline, spool, repo, blobs, assertFreeSpace, clock, log, limits })
  return { spool, intake, variants, close: spool.close }
}
