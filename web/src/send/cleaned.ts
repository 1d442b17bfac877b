import { findEdits } from '../../../server/images/boxes/find-edits.ts'
import { findRemaining, SEARCHED_BYTES } from '../../../server/images/metadata/find-remaining.ts'
import type { RemovedKind } from '../../../server/images/metadata/metadata-kinds.ts'
import { type StrippableFormat, stripInPlace } from '../../../server/images/metadata/strip-metadata.ts'
import { UnstrippableError, unsupported } from '../../../server/images/metadata/unstrippable-error.ts'
import { DETECTED_BYTES, detectFormat, detectVideo } from '../../../server/images/pipeline/detect-format.ts'
import { ImageProblem } from '../../../server/images/pipeline/image.ts'
import { createReadAt } from '../../../server/images/pipeline/read-at.ts'
import { findTiffEdits } from '../../../server/images/pipeline/tiff-edits.ts'

/** Removes personal metadata from photos and videos, as the server does, but does not rotate or convert them. */

export interface Cleaned {
  /** Refers to parts of the chosen file instead of copying it. */
  bytes: Blob
  /** Undefined: not a photo or video, or nothing was found. */
  report?: { removed: RemovedKind[]; remaining?: RemovedKind[] }
}

const CHUNK_BYTES = 1024 * 1024
const ZEROS = new Blob([new Uint8Array(CHUNK_BYTES)])
/** Each edit becomes a part of a blob. A drone video has a few thousand. */
const MAXIMUM_EDITS = 20_000

const CANT_BE_PARSED = [UnstrippableError, RangeError, ImageProblem]

/** A file that can't be parsed is unchanged, and the report lists what was found in it. Throws if it can't be read. */
export async function cleaned(file: Blob): Promise<Cleaned> {
  const head = await bytesOf(file, 0, DETECTED_BYTES)
  const format = detectFormat(head) ?? detectVideo(head)
  if (format === undefined || format === 'gif') return { bytes: file }
  try {
    const isStripped = format === 'jpeg' || format === 'png' || format === 'webp'
    const find = format === 'tiff' ? findTiffEdits : findEdits
    const { bytes, removed } = await (isStripped ? stripped(format, file) : edited(file, find))
    return { bytes, ...(removed.length > 0 && { report: { removed } }) }
  } catch (error) {
    if (!CANT_BE_PARSED.some((kind) => error instanceof kind)) throw error
    return { bytes: file, report: { removed: [], remaining: findRemaining(await bytesOf(file, 0, SEARCHED_BYTES)) } }
  }
}

interface Cut {
  bytes: Blob
  removed: RemovedKind[]
}

const bytesOf = async (file: Blob, start: number, length: number): Promise<Buffer> =>
  Buffer.from(await file.slice(start, start + length).arrayBuffer())

/** Keeps the orientation, because nothing here rotates the image. */
async function stripped(format: StrippableFormat, file: Blob): Promise<Cut> {
  const starts = new WeakMap<ArrayBufferLike, number>()
  const parts = partsOf(file)

  async function* open(): AsyncGenerator<Uint8Array, void> {
    for (let start = 0; start < file.size; start += CHUNK_BYTES) {
      const chunk = await file.slice(start, start + CHUNK_BYTES).arrayBuffer()
      starts.set(chunk, start)
      yield new Uint8Array(chunk)
    }
  }

  const { bytes, removed } = stripInPlace(format, open, { salvages: true })
  for await (const part of bytes) {
    const chunk = starts.get(part.buffer)
    if (chunk === undefined) parts.add(part)
    else parts.keep(chunk + part.byteOffset, chunk + part.byteOffset + part.length)
  }
  return { bytes: parts.blob(), removed: removed() }
}

/** Edits in place: no byte changes its offset. */
async function edited(file: Blob, find: typeof findEdits | typeof findTiffEdits): Promise<Cut> {
  const readAt = createReadAt((position, length) => bytesOf(file, position, length))
  const { edits, removed } = await find({ readAt, size: file.size })
  if (edits.length === 0) return { bytes: file, removed }
  if (edits.length > MAXIMUM_EDITS) throw unsupported('it holds too many pieces of metadata')
  const parts = partsOf(file)
  let end = 0
  for (const edit of edits) {
    parts.keep(end, edit.start)
    if (edit.bytes) parts.add(edit.bytes)
    else parts.zero(edit.end - edit.start)
    end = edit.end
  }
  parts.keep(end, file.size)
  return { bytes: parts.blob(), removed }
}

/** A blob of parts of a file, with replacement bytes between them. */
function partsOf(file: Blob) {
  const parts: (Blob | Uint8Array<ArrayBuffer>)[] = []
  let kept: { start: number; end: number } | undefined

  function flush(): void {
    if (kept) parts.push(file.slice(kept.start, kept.end))
    kept = undefined
  }

  return {
    keep: (start: number, end: number) => {
      if (kept?.end === start) kept.end = end
      else {
        flush()
        kept = { start, end }
      }
    },
    add: (bytes: Uint8Array) => {
      flush()
      parts.push(new Uint8Array(bytes))
    },
    zero: (length: number) => {
      flush()
      for (let left = length; left > 0; left -= ZEROS.size) parts.push(ZEROS.slice(0, left))
    },
    blob: () => {
      flush()
      return new Blob(parts)
    },
  }
}
