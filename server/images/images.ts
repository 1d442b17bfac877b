import { availableParallelism } from 'node:os'
import type { FastifyBaseLogger } from 'fastify'
import type { BlobStore } from '../../storage/blob-store.ts'
import type { Clock } from '../lib/clock.ts'
import type { AssertFreeSpace } from '../uploads/intake/free-space.ts'
import { createImageIntake } from './image-intake.ts'
import { createImageSpool } from './image-spool.ts'
import { createHeicDecoderSearch } from './pipeline/heic-decoder.ts'
import { createImagePipeline } from './pipeline/image-pipeline.ts'
import { createMemoryBudget } from './pipeline/memory.ts'
import { createSlots } from './pipeline/slots.ts'
import { stripFile } from './strip-file.ts'
import { createVariants } from './variants.ts'
import type { VariantsRepo } from './variants-repo.ts'
import { createVideoIntake } from './video-intake.ts'

interface Dependencies {
  isOn: boolean
  /** For all images that are processed at the same time. */
  memoryBytes: number
  /** Folder for temporary files. */
  folder: string
  repo: VariantsRepo
  blobs: BlobStore
  assertFreeSpace: AssertFreeSpace
  clock: Clock
  log: Pick<FastifyBaseLogger, 'error'>
}

/** Cleaning of images and videos during the upload. */
export type Intake = NonNullable<ReturnType<typeof createImages>['intake']>

const LIMITS = { bytes: 500_000_000, pixels: 100_000_000, frames: 1000, timeoutMs: 30_000 }
/** Each image uses a processor. */
const MAX_PARALLELISM = 8
/** Uploads wait on disk; an image that finds no place in the queue is rejected. Derived images have a queue of their own. */
const INTAKE_QUEUE = { queueLimit: 1000, ownerLimit: 250 }
const VARIANTS_QUEUE = { queueLimit: 64, ownerLimit: 32 }
/** Each video has an index in memory: usually some hundred kilobytes, and at most 32 MiB. */
const VIDEO_QUEUE = { parallelism: 2, ...INTAKE_QUEUE }
/** Reading the index of a long fragmented video from a store takes many requests. */
const VIDEO_TIMEOUT_MS = 60_000
/** Together with the time of the work, less than the minute after which proxies time out. */
const WAIT_MS = 25_000
/** Includes making the copy from which an image is derived. */
const VARIANT_TIMEOUT_MS = 120_000

/** Everything that processes images. The spool is also swept if image processing is off. */
export function createImages({ isOn, memoryBytes, folder, repo, blobs, assertFreeSpace, clock, log }: Dependencies) {
  const spool = createImageSpool({ folder, log })
  if (!isOn)
    return { spool, intake: undefined, variants: undefined, hasHeicDecoder: async () => false, close: spool.close }
  const parallelism = Math.min(MAX_PARALLELISM, availableParallelism())
  const memory = createMemoryBudget(memoryBytes)
  const findHeicDecoder = createHeicDecoderSearch(LIMITS)
  const createPipeline = (queue: { parallelism: number; queueLimit: number; ownerLimit?: number }) =>
    createImagePipeline({
      strip: stripFile,
      limits: LIMITS,
      slots: createSlots({ ...queue, waitMs: WAIT_MS, timeoutMs: LIMITS.timeoutMs }),
      memory,
      findHeicDecoder,
    })
  const images = createImageIntake({ pipeline: createPipeline({ parallelism, ...INTAKE_QUEUE }), spool, log })
  const videos = createVideoIntake({
    slots: createSlots({ ...VIDEO_QUEUE, waitMs: WAIT_MS, timeoutMs: VIDEO_TIMEOUT_MS }),
    log,
  })
  const half = { parallelism: Math.ceil(parallelism / 2), ...VARIANTS_QUEUE }
  const variants = createVariants({
    pipeline: createPipeline(half),
    slots: createSlots({ ...half, waitMs: WAIT_MS, timeoutMs: VARIANT_TIMEOUT_MS }),
    maxBytes: LIMITS.bytes,
    spool,
    repo,
    blobs,
    assertFreeSpace,
    clock,
    log,
  })
  return {
    spool,
    intake: { ...images, videos },
    variants,
    hasHeicDecoder: async () => (await findHeicDecoder()) !== undefined,
    close: spool.close,
  }
}
