/** Input and report of the load client, passed between processes as JSON. */

export type Job = UploadJob | FilesJob | RangesJob | WholeJob | StallJob | SlowJob | { kind: 'release' }

interface Common {
  port: number
  connections: number
}

/** Requests continue until this time has passed, or this number was made. */
interface Bounds {
  durationMs?: number
  requests?: number
}

/** Each file is that of `source` with its number in the first bytes (`stamp`). */
export interface UploadJob extends Common, Bounds {
  kind: 'upload'
  style: 'form' | 'put'
  source: string
}

/** Whole small files, one after the other; `paths[n]` is the file with number n. */
export interface FilesJob extends Common, Bounds {
  kind: 'files'
  source: string
  paths: string[]
}

/** Random parts, `length` bytes each, of a file that holds what `source` does. */
export interface RangesJob extends Common, Bounds {
  kind: 'ranges'
  source: string
  path: string
  length: number
}

/** One large file, once by each connection. */
export interface WholeJob extends Common {
  kind: 'whole'
  source: string
  path: string
}

/** Readers who take the first bytes of a file and no more, until `release`. */
export interface StallJob extends Common {
  kind: 'stall'
  path: string
}

/** Uploads of `source` by form and as many downloads of `path`, all at once, spread over `durationMs`. */
export interface SlowJob extends Common {
  kind: 'slow'
  source: string
  path: string
  durationMs: number
}

export interface LoadReport {
  requests: number
  seconds: number
  /** Milliseconds that half of the requests, and 99 of 100, stayed below; and what the slowest took. */
  p50: number
  p99: number
  max: number
  /** For an upload: where each file is, by its number. */
  paths: string[]
}

/** Digits at the start of a file that tell it from all others. */
export const STAMP_BYTES = 16
export const stamp = (content: Buffer, number: number): void =>
  void content.write(number.toString(16).padStart(STAMP_BYTES, '0'), 0, 'latin1')
