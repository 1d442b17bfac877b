import { asFileError, MayflyError } from './errors.ts'

/** Data to send: bytes with random access, or a stream that can be read only once. */

export interface Source {
  /** Bytes; undefined for a stream that has not ended yet. */
  readonly size: number | undefined
  /**
   * The bytes from `start` to `end` (exclusive), fewer only at the end of the data. A stream discards the bytes before the
   * `start` of the last call.
   */
  slice(start: number, end: number): Promise<Blob>
}

/** A source of known size, so not a stream. */
export interface SizedSource extends Source {
  readonly size: number
}

/** A file to be sent. */
export interface OutgoingFile {
  /** With folders, if any, separated by `/`. */
  name: string
  /** Media type; the server checks the bytes as well. */
  type?: string
  /** Time of the last modification, epoch ms: used to recognise the file when resuming. */
  modified?: number
  source: Source
}

/** Accepted types of input. A `File` has a name; anything else needs one. */
export type FileInput =
  | File
  | OutgoingFile
  | { name: string; type?: string; data: Blob | Uint8Array | string | ReadableStream<Uint8Array> }

export function outgoingFile(input: FileInput): OutgoingFile {
  if ('source' in input) return input
  if (input instanceof Blob) {
    // Set by browsers for files in a chosen folder.
    const { name, type, lastModified, webkitRelativePath: path } = input as File & { webkitRelativePath?: string }
    return { name: path || name, type, modified: lastModified, source: blobSource(input) }
  }
  const { data, ...rest } = input
  if (data instanceof ReadableStream) return { ...rest, source: streamSource(data) }
  const blob = data instanceof Blob ? data : new Blob([data as Uint8Array<ArrayBuffer> | string])
  return { type: blob.type, ...rest, source: blobSource(blob) }
}

/** Why `bytes` did not arrive: for browsers, a file that they can't read is a connection that broke. */
export async function reasonNotSent(error: unknown, bytes: Blob): Promise<unknown> {
  if (!(error instanceof MayflyError && error.code === 'network')) return error
  try {
    for (const end of [bytes.slice(0, 1), bytes.slice(-1)]) await end.arrayBuffer()
    return error
  } catch (unreadable) {
    return asFileError(unreadable)
  }
}

/** A small blob is returned as it is: a slice takes a browser longer than hashing it (0.6 ms in Chromium). */
export const blobSource = (blob: Blob): SizedSource => ({
  size: blob.size,
  slice: async (start, end) => (start === 0 && end >= blob.size ? blob : blob.slice(start, end)),
})

/** A stream as a source. Only unconfirmed bytes are held in memory, so that a failed request can be repeated. */
export function streamSource(stream: ReadableStream<Uint8Array>): Source {
  const reader = stream.getReader()
  /** Buffered bytes, in order, beginning at `from`. */
  let held: Uint8Array<ArrayBuffer>[] = []
  let from = 0
  let heldBytes = 0
  let size: number | undefined

  async function readUntil(end: number): Promise<void> {
    while (size === undefined && from + heldBytes < end) {
      const { done, value } = await reader.read()
      if (done) size = from + heldBytes
      else {
        held.push(value as Uint8Array<ArrayBuffer>)
        heldBytes += value.byteLength
      }
    }
  }

  /** Discards the bytes before `start`. */
  function release(start: number): void {
    if (start < from) throw new MayflyError({ code: 'file_changed', detail: 'a stream can be read only once' })
    while (held[0] && from + held[0].byteLength <= start) {
      from += held[0].byteLength
      heldBytes -= held[0].byteLength
      held = held.slice(1)
    }
  }

  return {
    get size() {
      return size
    },
    async slice(start, end) {
      release(start)
      await readUntil(end)
      return new Blob(held).slice(start - from, end - from)
    },
  }
}

const STREAM_STEP_BYTES = 64 * 1024

/** The whole source as a stream. */
export function streamOf(source: Source): ReadableStream<Uint8Array> {
  let position = 0
  return new ReadableStream({
    async pull(controller) {
      const piece = await source.slice(position, position + STREAM_STEP_BYTES)
      if (piece.size === 0) return controller.close()
      position += piece.size
      controller.enqueue(new Uint8Array(await piece.arrayBuffer()))
    },
  })
}

/** `ReadableStream.from`, which some browsers lack. */
export function streamOfChunks(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: async () => void (await iterator.return?.()),
  })
}
