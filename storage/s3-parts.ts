import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { storageError } from './file-calls.ts'

/** A part of a blob while it is collected. The caller never adds more bytes than announced at its start. */
export interface Part {
  /** Number of bytes so far. */
  readonly size: number
  /** Returns a promise if the caller has to wait before the next piece. Throws `insufficient_storage` and `unavailable`. */
  add(piece: Uint8Array): Promise<void> | undefined
  /** Passes all bytes to `use`, which may have to wait for memory, and releases them afterwards. Throws like `add` and `use`. */
  send<T>(use: (bytes: Buffer) => Promise<T>): Promise<T>
  /** Releases the bytes. May be repeated. */
  drop(): Promise<void>
}

interface Options {
  /** For temporary files, which are unlinked while in use. */
  folder: string
  /** For all parts together that are collected in memory. */
  memoryBytes: number
  /** Number of parts read from disk and sent at the same time. */
  parallelism: number
}

export type Parts = ReturnType<typeof createParts>

/**
 * S3 needs the size of a part in advance, so parts are collected first: in memory while there is room, then in files, so that
 * many slow senders can't use up the memory and block others.
 */
export function createParts({ folder, memoryBytes, parallelism }: Options) {
  const inTurn = pLimit(parallelism)
  let freeBytes = memoryBytes

  function begin(maxBytes: number): Part {
    let buffer = Buffer.alloc(0)
    let file: FileHandle | undefined
    let size = 0

    function add(piece: Uint8Array): Promise<void> | undefined {
      if (file || !hasRoomFor(piece)) return addToFile(piece)
      buffer.set(piece, size)
      size += piece.byteLength
      return undefined
    }

    /** Grows fourfold, so that a small blob takes little memory, and a large one is copied one and a third times. */
    function hasRoomFor({ byteLength }: Uint8Array): boolean {
      const needed = size + byteLength
      if (buffer.length >= needed) return true
      const length = Math.min(maxBytes, Math.max(needed, buffer.length * 4))
      if (length - buffer.length > freeBytes) return false
      const larger = Buffer.allocUnsafeSlow(length)
      larger.set(buffer.subarray(0, size))
      freeBytes -= length - buffer.length
      buffer = larger
      return true
    }

    async function addToFile(piece: Uint8Array): Promise<void> {
      file ??= await openNameless(folder)
      if (buffer.length > 0) await write(file, buffer.subarray(0, size), 0)
      giveBack()
      await write(file, piece, size)
      size += piece.byteLength
    }

    function giveBack(): void {
      freeBytes += buffer.length
      buffer = Buffer.alloc(0)
    }

    async function send<T>(use: (bytes: Buffer) => Promise<T>): Promise<T> {
      const from = file
      try {
        if (!from) return await use(buffer.subarray(0, size))
        return await inTurn(async () => use(await read(from, size)))
      } finally {
        await drop()
      }
    }

    async function drop(): Promise<void> {
      giveBack()
      const closing = file
      file = undefined
      await closing?.close()
    }

    return {
      get size() {
        return size
      },
      add,
      send,
      drop,
    }
  }

  return { begin }
}

/** The file is deleted when its descriptor is closed, also if the process is killed. */
async function openNameless(folder: string): Promise<FileHandle> {
  const path = join(folder, randomUUID())
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const file = await open(path, 'wx+', 0o600)
    await rm(path)
    return file
  } catch (error) {
    throw storageError(error)
  }
}

async function write(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.byteLength; ) {
    const { bytesWritten } = await file
      .write(bytes, written, bytes.byteLength - written, position + written)
      .catch((error: unknown) => {
        throw storageError(error)
      })
    written += bytesWritten
  }
}

async function read(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size)
  for (let filled = 0; filled < size; ) {
    const { bytesRead } = await file.read(bytes, filled, size - filled, filled)
    if (bytesRead === 0) throw new Error('a collected part is too short')
    filled += bytesRead
  }
  return bytes
}
