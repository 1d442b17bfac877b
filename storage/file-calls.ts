import fs from 'node:fs'
import { oneAtATime } from './one-at-a-time.ts'
import { StorageError } from './storage-error.ts'

type Done<T> = (error: NodeJS.ErrnoException | null, value: T) => void

/**
 * Promises over the callbacks of `node:fs`, with errors as `StorageError`. Uses plain descriptors, since a FileHandle costs 14-30
 * % more CPU for a file of 1 KiB (2 cores, Node 26), and can't be closed synchronously.
 */
export function call<T = void>(run: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => run((error, value) => (error ? reject(storageError(error)) : resolve(value))))
}

/** For a call that takes less time than to hand it to another thread, with errors in our words. */
export function inPlace<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw storageError(error)
  }
}

/** What a driver error means to the caller. The path stays in `cause`. */
export function storageError(cause: unknown): StorageError {
  const code = errorCode(cause)
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new StorageError('insufficient_storage', { cause })
    : new StorageError('unavailable', { cause })
}

/** The code of a system error, or of the system error that a StorageError was made from. */
export function errorCode(error: unknown): string | undefined {
  const system = error instanceof StorageError ? error.cause : error
  return (system as NodeJS.ErrnoException | undefined)?.code
}

/** For `.catch` of a call whose goal is already reached when it fails with `code`. */
export function ignore(code: string): (error: unknown) => void {
  return (error) => {
    if (errorCode(error) !== code) throw error
  }
}

export interface Directory {
  /** Makes every rename and creation in the directory that finished before the call survive a power cut. */
  sync: () => Promise<void>
  close: () => void
}

/** Kept open, since opening and closing are two of the three system calls of a sync. */
export async function openDirectory(path: string): Promise<Directory> {
  const { O_RDONLY, O_DIRECTORY } = fs.constants
  const fd = await call<number>((done) => fs.open(path, O_RDONLY | O_DIRECTORY, done))
  let isOpen = true

  /** May be called twice: the descriptor number may belong to another file by then. */
  function close(): void {
    if (isOpen) fs.closeSync(fd)
    isOpen = false
  }

  return { sync: oneAtATime(() => call((done) => fs.fsync(fd, done))), close }
}
