import { UnstrippableError, unsupported } from './unstrippable-error.ts'

/**
 * Reads a stream by lengths instead of chunks. Methods throw `truncated` if the stream has too few bytes. A file of very
 * many tiny parts throws `unsupported`: it would keep the processor busy for too long.
 */
export interface ByteReader {
  /** Returns the available bytes, at least one and at most `max`: a view that is valid until the next call. */
  some(max?: number): Promise<Buffer>
  /** Puts the last `count` bytes of the previous `some` back. */
  back(count: number): void
  /** Exactly `length` bytes, as a copy: only for small or checked lengths. */
  take(length: number): Promise<Buffer>
  /** Returns the first 64 KiB of `length` bytes, and skips all of them. */
  look(length: number): Promise<Buffer>
  skip(length: number): Promise<void>
  /** Passes on `length` bytes in views, each valid until the next is requested. */
  copy(length: number): AsyncGenerator<Uint8Array, void>
}

/** The largest EXIF block that a JPEG can hold in one segment. */
const LOOK_BYTES = 64 * 1024

/** The allowed number of calls of `take` and `look`: this many in any file, and one more for each KiB that was read. */
const FREE_PARTS = 20_000
const BYTES_PER_PART = 1024

/** Opens a source when the first byte is requested, and closes it when `use` has finished, failed or was stopped. */
export async function* readingFrom<T>(
  open: () => AsyncIterable<Uint8Array>,
  use: (reader: ByteReader) => AsyncIterable<T>,
): AsyncGenerator<T, void> {
  const chunks = open()[Symbol.asyncIterator]()
  try {
    yield* use(createByteReader(chunks))
  } finally {
    await chunks.return?.()
  }
}

function createByteReader(chunks: AsyncIterator<Uint8Array>): ByteReader {
  let chunk = Buffer.alloc(0)
  let position = 0
  let bytesRead = 0
  let parts = 0

  async function some(max = Number.POSITIVE_INFINITY): Promise<Buffer> {
    while (position === chunk.length) await refill()
    const start = position
    position = Math.min(chunk.length, start + max)
    bytesRead += position - start
    return chunk.subarray(start, position)
  }

  async function refill(): Promise<void> {
    const { done, value } = await chunks.next()
    if (done) throw new UnstrippableError('truncated', 'the file ends before its image does')
    chunk = Buffer.from(value.buffer as ArrayBuffer, value.byteOffset, value.length)
    position = 0
  }

  async function* copy(length: number): AsyncGenerator<Uint8Array, void> {
    for (let left = length; left > 0; ) {
      const bytes = await some(left)
      left -= bytes.length
      yield bytes
    }
  }

  async function take(length: number): Promise<Buffer> {
    parts += 1
    if (parts > FREE_PARTS + bytesRead / BYTES_PER_PART) throw unsupported('the file is made of too many tiny parts')
    const taken = Buffer.allocUnsafe(length)
    for (let filled = 0; filled < length; ) {
      const bytes = await some(length - filled)
      taken.set(bytes, filled)
      filled += bytes.length
    }
    return taken
  }

  async function skip(length: number): Promise<void> {
    for (let left = length; left > 0; ) left -= (await some(left)).length
  }

  async function look(length: number): Promise<Buffer> {
    const start = await take(Math.min(length, LOOK_BYTES))
    await skip(length - start.length)
    return start
  }

  function back(count: number): void {
    position -= count
    bytesRead -= count
  }

  return { some, back, take, look, skip, copy }
}
