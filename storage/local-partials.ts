import fs from 'node:fs'
import type { BlobKey, Durability, PartialBlob, PartialWriter, SeizedPartial } from './blob-store.ts'
import { call, type Directory, errorCode, ignore } from './file-calls.ts'
import { createFileWriter, openFile } from './file-writer.ts'
import { StorageError } from './storage-error.ts'

const { COPYFILE_EXCL, COPYFILE_FICLONE } = fs.constants

interface Dependencies {
  durability: Durability
  /** The folder of unfinished files. */
  temporaries: Directory
  temporaryPathOf: (key: BlobKey) => string
  /** Renames the finished file to its final path. */
  publish: (key: BlobKey) => Promise<void>
  /** Keys that this process is writing. */
  writing: Set<BlobKey>
}

/** Blobs that are written in several requests: files in `tmp`, which are appended to and finally renamed. */
export function createLocalPartials({ durability, temporaries, temporaryPathOf, publish, writing }: Dependencies) {
  async function open(key: BlobKey, from?: PartialBlob): Promise<PartialWriter> {
    const path = temporaryPathOf(key)
    const fd = await openAt(path, from?.size ?? 0)
    if (durability === 'full' && !from) await temporaries.sync()
    writing.add(key)
    const writer = createFileWriter({ path, open: async () => fd, position: from?.size ?? 0 }, () => {})
    let safeSize = from?.size ?? 0

    async function checkpoint(): Promise<PartialBlob> {
      safeSize = await writer.sync(durability)
      return partialOf(safeSize)
    }

    async function ending<T>(work: () => Promise<T>): Promise<T> {
      try {
        return await work()
      } catch (error) {
        // On a full disk the state can't be stored, so useless bytes must be deleted immediately.
        await call((done) => fs.truncate(path, safeSize, done)).catch(() => {})
        throw error
      } finally {
        await writer.release()
        writing.delete(key)
      }
    }

    return {
      add: writer.add,
      checkpoint,
      pause: () => ending(async () => partialOf(await writer.finish(durability))),
      finish: () =>
        ending(async () => {
          const size = await writer.finish(durability)
          await publish(key)
          return size
        }),
    }
  }

  /** A copy, since a process that has the file open can still write to it; on file systems with shared blocks it takes no time. */
  async function seize(key: BlobKey, from: PartialBlob | undefined, newKey: BlobKey): Promise<SeizedPartial> {
    const [path, newPath] = [temporaryPathOf(key), temporaryPathOf(newKey)]
    if (!from) return { key: newKey, from }
    try {
      await call((done) => fs.copyFile(path, newPath, COPYFILE_EXCL | COPYFILE_FICLONE, done)).catch(goneIfMissing)
      await makeSafe(await openAt(newPath, from.size))
      return { key: newKey, from }
    } catch (error) {
      await remove(newKey)
      throw error
    }
  }

  async function makeSafe(fd: number): Promise<void> {
    try {
      if (durability === 'full') await call((done) => fs.fsync(fd, done))
    } finally {
      fs.closeSync(fd)
    }
    if (durability === 'full') await temporaries.sync()
  }

  async function remove(key: BlobKey): Promise<void> {
    await call((done) => fs.unlink(temporaryPathOf(key), done)).catch(ignore('ENOENT'))
  }

  return { open, seize, remove }
}

/** The file's name and length are all that is needed. */
const partialOf = (size: number): PartialBlob => ({ size, notes: '' })

/** Truncates to `size`: more was written, but it is unknown how much of it reached the disk. */
async function openAt(path: string, size: number): Promise<number> {
  const fd = await openFile(path, size === 0).catch(goneIfMissing)
  try {
    const found = await call<fs.Stats>((done) => fs.fstat(fd, done))
    if (found.size < size) throw gone()
    if (found.size > size) await call((done) => fs.ftruncate(fd, size, done))
    return fd
  } catch (error) {
    fs.closeSync(fd)
    throw error
  }
}

function goneIfMissing(error: unknown): never {
  throw errorCode(error) === 'ENOENT' ? gone() : error
}

const gone = () => new StorageError('not_found')
