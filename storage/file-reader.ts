import fs from 'node:fs'
import type { BlobKey, ByteRange } from './blob-store.ts'
import { call, errorCode, storageError } from './file-calls.ts'
import { OneChunk } from './one-chunk.ts'
import { createOpenFiles } from './open-files.ts'
import { StorageError } from './storage-error.ts'

const { O_RDONLY, O_NOFOLLOW } = fs.constants

const SMALL_BYTES = 64 * 1024
const LARGE_BYTES = 512 * 1024
/** Up to this size a file is read synchronously in one piece: for 100 KiB this takes 0.7 of the CPU of the thread pool. */
const IN_PLACE_BYTES = 256 * 1024
/** 64 MiB in total, so that 1000 stalled readers stay under 300 MiB; further readers use small buffers. */
const MAX_LARGE_BUFFERS = 128
/** Kept while there are no readers: 8 MiB and 1 MiB. */
const IDLE_BUFFERS = 16
/** Large buffers are for readers that have taken this much, at this rate or faster. */
const WARM_UP_BYTES = 256 * 1024
const FAST_BYTES_PER_MS = 4096

const EMPTY = Buffer.alloc(0)

type BufferPool = ReturnType<typeof createBufferPool>

function createBufferPool() {
  const small: Buffer[] = []
  const large: Buffer[] = []
  let largeTaken = 0

  function take(wantsLarge: boolean): Buffer {
    if (!wantsLarge || largeTaken === MAX_LARGE_BUFFERS) return small.pop() ?? Buffer.allocUnsafeSlow(SMALL_BYTES)
    largeTaken += 1
    return large.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES)
  }

  function giveBack(buffer: Buffer): void {
    if (buffer.length === LARGE_BYTES) largeTaken -= 1
    const idle = buffer.length === LARGE_BYTES ? large : small
    if (idle.length < IDLE_BUFFERS) idle.push(buffer)
  }

  return { take, giveBack }
}

/** Reads blobs that are files. `pathOf` throws for malformed keys. */
export function createFileReader(pathOf: (key: BlobKey) => string) {
  const pool = createBufferPool()
  const open = createOpenFiles()

  /**
   * Reads a file, or `range` of it. Throws `not_found`. A symbolic link is refused: nothing of ours is one.
   *
   * Up to 256 KiB are read in place: 8 us of CPU for 1 KiB and 27 us for 64 KiB, while four trips through the thread pool take 45
   * and 53 us (2 cores, Node 26, page cache warm, 32 readers). The price is a pause of one disk access when the file is cold.
   */
  async function read(key: BlobKey, range: ByteRange | undefined): Promise<AsyncIterableIterator<Buffer>> {
    if (!range || range.end - range.start >= IN_PLACE_BYTES) return readLarge(openSync(pathOf(key)), range)
    const fd = open.find(key) ?? open.keep(key, openSync(pathOf(key)))
    return new OneChunk(readSync(fd, range.start, range.end + 1))
  }

  /** Closes `fd` itself. A whole file may turn out to be small here. */
  async function readLarge(fd: number, range: ByteRange | undefined): Promise<AsyncIterableIterator<Buffer>> {
    let handedOver = false
    try {
      const { size } = fs.fstatSync(fd)
      const { start, end } = range ?? { start: 0, end: size - 1 }
      if (end >= size) throw new Error(`blob of ${size} bytes is too short for the range ${start}-${end}`)
      if (end - start < IN_PLACE_BYTES) return new OneChunk(readSync(fd, start, end + 1))

      const chunks = pooledChunks(fd, start, end + 1, pool)
      // `return` runs the `finally` of a generator only when that was started: this runs up to its empty yield.
      await chunks.next()
      handedOver = true
      return chunks
    } finally {
      if (!handedOver) fs.closeSync(fd)
    }
  }

  return { read, forget: open.forget, close: open.close }
}

function openSync(path: string): number {
  try {
    return fs.openSync(path, O_RDONLY | O_NOFOLLOW)
  } catch (error) {
    throw errorCode(error) === 'ENOENT' ? new StorageError('not_found') : storageError(error)
  }
}

/** Reads `[start, end)`. */
function readSync(fd: number, start: number, end: number): Buffer {
  const length = end - start
  const buffer = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const count = fs.readSync(fd, buffer, filled, length - filled, start + filled)
    if (count === 0) throw new Error(`blob is too short for the range ${start}-${end - 1}`)
    filled += count
  }
  return buffer
}

/** Reads `[start, end)`, one chunk ahead of a fast reader. Closes `fd` itself. */
async function* pooledChunks(fd: number, start: number, end: number, pool: BufferPool): AsyncGenerator<Buffer, void> {
  let position = start
  let isFast = false
  let ahead: Promise<Buffer> | undefined
  const taken = new Set<Buffer>()

  function readAhead(): Promise<Buffer> | undefined {
    if (position === end) return undefined
    const left = end - position
    const buffer = pool.take(left > SMALL_BYTES && (isFast || left <= LARGE_BYTES))
    taken.add(buffer)
    const length = Math.min(buffer.length, left)
    const reading = readFully(fd, buffer, length, position).then(() => buffer)
    reading.catch(() => {}) // it is awaited later, or never
    position += length
    return reading
  }

  try {
    ahead = readAhead()
    yield EMPTY
    let sent = 0
    while (ahead !== undefined) {
      const buffer: Buffer = await ahead
      const length = Math.min(buffer.length, end - start - sent)
      ahead = isFast ? readAhead() : undefined // a stalled reader holds one buffer, not two
      const lentAt = performance.now()
      yield length === buffer.length ? buffer : buffer.subarray(0, length)
      ahead ??= readAhead()
      sent += length
      isFast = sent >= WARM_UP_BYTES && length >= FAST_BYTES_PER_MS * (performance.now() - lentAt)
      taken.delete(buffer)
      pool.giveBack(buffer)
    }
  } finally {
    await ahead?.catch(() => {})
    for (const buffer of taken) pool.giveBack(buffer)
    // In the pool: when the blob was deleted meanwhile, closing is what frees its space.
    fs.close(fd, () => {})
  }
}

async function readFully(fd: number, buffer: Buffer, length: number, position: number): Promise<void> {
  let filled = 0
  while (filled < length) {
    const offset = filled
    const count = await call<number>((done) =>
      fs.read(fd, buffer, offset, length - offset, position + offset, (error, read) => done(error, read)),
    )
    if (count === 0) throw endedEarly(position + offset)
    filled += count
  }
}

/** The length was already announced, so the response must be aborted instead of ending early. */
function endedEarly(position: number): Error {
  return new Error(`blob ends early, at byte ${position}`)
}
