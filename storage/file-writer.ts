import fs from 'node:fs'
import type { Durability } from './blob-store.ts'
import { call, inPlace } from './file-calls.ts'
import { FILE_MODE } from './file-modes.ts'

/** One `writev` of 1 MiB, two in flight: the fastest of what was measured (256 KiB reach 0.92 of it, 64 KiB 0.76). */
const BATCH_BYTES = 1024 * 1024
/** IOV_MAX of Linux. Also bounds the memory that a source of tiny chunks can use. */
const BATCH_CHUNKS = 1024
const MAX_IN_FLIGHT = 2

/**
 * A file of at most these bytes is made and written in place: it goes to the kernel's memory, which takes less time than to hand three
 * calls to other threads and hear from them (a fifth of the CPU of a small upload).
 */
const SMALL_BYTES = 256 * 1024

const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = fs.constants
const TO_CREATE = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW

export interface FileWriter {
  /** Takes a chunk, and a promise comes back when the next one must wait. */
  add(chunk: Uint8Array): Promise<void> | undefined
  /** Writes what was collected so far, unless writes are under way anyway. */
  flush: () => void
  /** Writes what was added so far. Returns the size in bytes. */
  write(): Promise<number>
  /** Writes and, if asked, syncs what was added so far. Returns the size in bytes. */
  sync(durability: Durability): Promise<number>
  /** As `sync`, and closes the file. */
  finish(durability: Durability): Promise<number>
  /** Closes the file as it is. Never throws. */
  release(): Promise<void>
  /** Leaves nothing behind. Never throws: it runs when something else failed already. */
  discard(): Promise<void>
}

/** Makes a file that was not there before. */
const createFile = (path: string): Promise<number> => call<number>((done) => fs.open(path, TO_CREATE, FILE_MODE, done))

/** Opens a file for more; with `mayCreate` it need not be there. */
export const openFile = (path: string, mayCreate: boolean): Promise<number> =>
  call<number>((done) => fs.open(path, (mayCreate ? O_CREAT : 0) | O_WRONLY | O_NOFOLLOW, FILE_MODE, done))

interface Target {
  path: string
  /** Called for the first batch, so a source that fails early has not touched the disk. Absent: the file is made. */
  open?: () => Promise<number>
  /** Where the first batch goes. */
  position: number
}

/** Writes a file in batches. `onFailure` hears of a failed write at once; whatever is called next throws the same error. */
export function createFileWriter(target: Target, onFailure: (error: unknown) => void): FileWriter {
  let opening: Promise<number> | undefined
  let isOpen = true
  let batch: Uint8Array[] = []
  let batchBytes = 0
  let { position } = target
  const inFlight = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined

  function add(chunk: Uint8Array): Promise<void> | undefined {
    batch.push(chunk)
    batchBytes += chunk.byteLength
    return batchBytes >= BATCH_BYTES || batch.length >= BATCH_CHUNKS ? writeWhenFree() : undefined
  }

  async function writeWhenFree(): Promise<void> {
    while (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight)
    if (failure) throw failure.error
    writeBatch()
  }

  function flush(): void {
    if (inFlight.size === 0 && batch.length > 0) writeBatch()
  }

  function writeBatch(): void {
    const write = writeAll(open(), batch, position)
      .catch((error: unknown) => {
        failure ??= { error }
        onFailure(error)
      })
      .finally(() => inFlight.delete(write))
    inFlight.add(write)
    position += batchBytes
    batch = []
    batchBytes = 0
  }

  function open(): Promise<number> {
    opening ??= target.open?.() ?? createFile(target.path)
    return opening
  }

  /** All of it. What the kernel does not take at once follows as any other batch. */
  function writeSmall(): void {
    const fd = inPlace(() => fs.openSync(target.path, TO_CREATE, FILE_MODE))
    opening = Promise.resolve(fd)
    const written = batch.length === 0 ? 0 : inPlace(() => fs.writevSync(fd, batch, position))
    position += written
    batch = withoutFirst(batch, written)
    batchBytes -= written
  }

  async function write(): Promise<number> {
    if (!opening && !target.open && batchBytes <= SMALL_BYTES) writeSmall()
    if (batch.length > 0) await writeWhenFree()
    const size = position
    await Promise.all(inFlight)
    if (failure) throw failure.error
    await open() // also of a file without a byte
    return size
  }

  async function sync(durability: Durability): Promise<number> {
    const size = await write()
    const fd = await open()
    if (durability === 'full') await call((done) => fs.fdatasync(fd, done))
    return size
  }

  async function finish(durability: Durability): Promise<number> {
    const size = await sync(durability)
    isOpen = false
    fs.closeSync(await open())
    return size
  }

  async function release(): Promise<void> {
    await Promise.all(inFlight)
    const fd = await opening?.catch(() => undefined)
    if (fd !== undefined && isOpen) fs.closeSync(fd)
    isOpen = false
  }

  async function discard(): Promise<void> {
    await release()
    // After closing, since the last to go frees the space, which takes a while: better in the pool than here.
    const isMade = await opening?.catch(() => undefined)
    if (isMade !== undefined) await call((done) => fs.unlink(target.path, done)).catch(() => {})
  }

  return { add, flush, write, sync, finish, release, discard }
}

/** A write may be short: the disk fills up, or a signal comes. The rest is tried again and then says why. */
async function writeAll(opening: Promise<number>, chunks: Uint8Array[], start: number): Promise<void> {
  const fd = await opening
  let rest = chunks
  let position = start
  while (rest.length > 0) {
    const from = position
    const current = rest
    const written = await call<number>((done) => fs.writev(fd, current, from, done))
    position += written
    rest = withoutFirst(rest, written)
  }
}

function withoutFirst(chunks: Uint8Array[], bytes: number): Uint8Array[] {
  let left = bytes
  for (const [index, chunk] of chunks.entries()) {
    if (left < chunk.byteLength) return [chunk.subarray(left), ...chunks.slice(index + 1)]
    left -= chunk.byteLength
  }
  return []
}
