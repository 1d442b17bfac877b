import type { RemovedKind } from '../metadata/metadata-kinds.ts'
import type { StrippableFormat } from '../metadata/strip-metadata.ts'
import type { ImageFormat, VideoFormat } from './detect-format.ts'

export interface ImageReport {
  format: ImageFormat
  /** Width and height in pixels, upright, of one frame. Missing when not even the header could be read. */
  dimensions?: [number, number]
  /** A GIF, WebP or PNG of several frames. */
  animated?: true
  /**
   * `stripped`: without its metadata, pixels bit for bit the same. `normalised`: encoded anew. Either is at the output path.
   * `unchanged`: use the original; with a `reason` it could not be treated, without one there was nothing to do.
   */
  status: 'stripped' | 'normalised' | 'unchanged'
  /** Safe for a stranger to read. */
  reason?: string
  removed: RemovedKind[]
  /** With `unchanged` and a reason: what was seen to be in it still. There may be more. */
  remaining?: RemovedKind[]
  /** Bytes. */
  originalSize: number
}

/** As `ImageReport`, of a video: it is as long as it was, and never encoded anew. */
export interface VideoReport {
  format: VideoFormat
  status: 'stripped' | 'unchanged'
  reason?: string
  removed: RemovedKind[]
  remaining?: RemovedKind[]
}

/** Why a file whose structure can't be followed is left as it came. */
export const CONFUSED = 'its parts don’t fit together'

export interface ImageLimits {
  /** Of the file; every real image with that many pixels is smaller. */
  bytes: number
  /** Of all frames together. */
  pixels: number
  frames: number
  /** For one image, once its turn has come. */
  timeoutMs: number
}

export interface ToStrip {
  inputPath: string
  outputPath: string
  /** As `StripOptions.salvages`. */
  salvages: boolean
  /** Ends it between two steps. */
  stop: AbortSignal
}

/** Copies an image without its metadata, its pixels bit for bit the same. Throws on one that it can't follow. */
export type Strip = (format: StrippableFormat, image: ToStrip) => Promise<RemovedKind[]>

/** Why an image is left as it came. `message` is the reason that people read. */
export class ImageProblem extends Error {
  readonly kind: 'busy' | 'slow' | 'unfit'

  constructor(kind: ImageProblem['kind'], message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ImageProblem'
    this.kind = kind
  }
}

/**
 * Faults of the disk are not the image's and must not pass for it: Node tells them by their system call, libvips only by
 * its words (`vips_error_system`).
 */
export const isDiskFault = (error: unknown): boolean =>
  error instanceof Error && ('syscall' in error || /\b(unix|system) error\b|^Input file is missing/.test(error.message))
