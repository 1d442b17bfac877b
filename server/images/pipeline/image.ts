import type { RemovedKind } from '../metadata/metadata-kinds.ts'
import type { StrippableFormat } from '../metadata/strip-metadata.ts'
import type { ImageFormat, VideoFormat } from './detect-format.ts'

export interface ImageReport {
  format: ImageFormat
  /** Width and height in pixels, upright, of one frame. Missing if not even the header could be read. */
  dimensions?: [number, number]
  /** A GIF, WebP or PNG of several frames. */
  animated?: true
  /**
   * `stripped`: without its metadata, with identical pixels. `normalised`: re-encoded. Both are at the output path.
   * `unchanged`: use the original; with a `reason` it could not be processed, without one there was nothing to do.
   */
  status: 'stripped' | 'normalised' | 'unchanged'
  /** Safe to show to anyone. */
  reason?: string
  removed: RemovedKind[]
  /** With `unchanged` and a reason: kinds of metadata that were found in it. There may be more. */
  remaining?: RemovedKind[]
  /** Bytes. */
  originalSize: number
}

/** Like `ImageReport`, for a video: its length does not change, and it is never re-encoded. */
export interface VideoReport {
  format: VideoFormat
  status: 'stripped' | 'unchanged'
  reason?: string
  removed: RemovedKind[]
  remaining?: RemovedKind[]
}

/** The reason for a file whose structure can't be parsed. */
export const CONFUSED = 'its parts don’t fit together'

export interface ImageLimits {
  /** File size; every real image with that many pixels is smaller. */
  bytes: number
  /** Of all frames together. */
  pixels: number
  frames: number
  /** For one image, from the start of its processing. */
  timeoutMs: number
}

export interface ToStrip {
  inputPath: string
  outputPath: string
  /** Like `StripOptions.salvages`. */
  salvages: boolean
  /** Stops the work between two steps. */
  stop: AbortSignal
}

/** Copies an image without its metadata, with identical pixels. Throws if it can't be parsed. */
export type Strip = (format: StrippableFormat, image: ToStrip) => Promise<RemovedKind[]>

/** The reason why an image can't be processed. `message` is shown to people. */
export class ImageProblem extends Error {
  readonly kind: 'busy' | 'slow' | 'unfit'

  constructor(kind: ImageProblem['kind'], message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ImageProblem'
    this.kind = kind
  }
}

/**
 * Disk errors must not be treated as errors of the image: Node's errors name the system call, libvips's can be recognised
 * only by their text (`vips_error_system`).
 */
export const isDiskFault = (error: unknown): boolean =>
  error instanceof Error && ('syscall' in error || /\b(unix|system) error\b|^Input file is missing/.test(error.message))
