import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { join, relative } from 'node:path'
import type { BlobInfo, BlobKey, BlobStore, Durability } from './blob-store.ts'
import { call, type Directory, errorCode, ignore, inPlace, openDirectory } from './file-calls.ts'
import { FOLDER_MODE } from './file-modes.ts'
import { createFileReader } from './file-reader.ts'
import { createFileWriter } from './file-writer.ts'
import { interruptible } from './interruptible.ts'
import { KEY, listFolder, namesIn } from './local-listing.ts'
import { createLocalPartials } from './local-partials.ts'
import { createLocalQuarantine } from './local-quarantine.ts'
import { readStoreId, writeStoreId } from './local-store-id.ts'
import { makeFolders } from './make-folders.ts'
import { StorageError } from './storage-error.ts'

const SHARD = /^[0-9a-f]{2}$/

/** Another file system, one without links, or a file of another user (`fs.protected_hardlinks`). */
const CANNOT_LINK = ['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']

/**
 * How often a slow upload is written to disk. This bounds its memory, and the age of the temporary file shows other processes
 * that the writer is alive.
 */
const HEARTBEAT_MS = 500

/** Time that `size` may spend in system calls before it yields to the event loop: an archive asks for the sizes of many files. */
const MAX_STAT_MS = 1

export interface LocalStoreOptions {
  directory: string
  durability: Durability
}

/**
 * Blobs as files: `<directory>/<first two characters of the key>/<key>`, and `<directory>/tmp/<key>` until they are complete. All
 * of it must be on one file system, since blobs are published by `rename`. Safe to share between processes.
 */
export async function openLocalStore({ directory, durability }: LocalStoreOptions): Promise<BlobStore> {
  const temporaries = join(directory, 'tmp')
  makeFolders(temporaries)
  for (const path of [directory, temporaries]) await makePrivate(path)
  const root = await openDirectory(directory)
  const temporaryFolder = await openDirectory(temporaries)
  const shards = new Map<string, Promise<Directory>>()
  const reader = createFileReader((key) => pathOf(key))
  const writing = new Set<BlobKey>()
  let statMs = 0
  const partials = createLocalPartials({
    durability,
    temporaries: temporaryFolder,
    temporaryPathOf,
    publish,
    writing,
  })
  const quarantine = createLocalQuarantine({
    directory: join(directory, 'quarantine'),
    pathOf: (key) => pathOf(key),
    openShard: shardOf,
  })

  function shardPath(key: BlobKey): string {
    if (!KEY.test(key)) throw new TypeError('not a blob key')
    return join(directory, key.slice(0, 2))
  }

  const pathOf = (key: BlobKey): string => join(shardPath(key), key)

  const pathInFolder = (key: BlobKey): string => relative(directory, pathOf(key))

  function temporaryPathOf(key: BlobKey): string {
    if (!KEY.test(key)) throw new TypeError('not a blob key')
    return join(temporaries, key)
  }

  /** Created when first needed, and kept open. A failure is not cached, so that the next `put` tries again. */
  function shardOf(key: BlobKey): Promise<Directory> {
    const path = shardPath(key)
    let shard = shards.get(path)
    if (!shard) {
      shard = openShard(path)
      shard.catch(() => shards.delete(path))
      shards.set(path, shard)
    }
    return shard
  }

  async function openShard(path: string): Promise<Directory> {
    await call((done) => fs.mkdir(path, FOLDER_MODE, done)).catch(ignore('EEXIST'))
    if (durability === 'full') await root.sync()
    return openDirectory(path)
  }

  /** `tmp/<key>`, created with O_EXCL, is the lock between writers of one key, so the check before the rename is safe. */
  async function put(key: BlobKey, bytes: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<number> {
    const path = temporaryPathOf(key)
    if (writing.has(key)) throw keyTaken()
    writing.add(key)
    const source = interruptible(bytes, signal)
    const writer = createFileWriter({ path, position: 0 }, source.interrupt)
    const heartbeat = setInterval(writer.flush, HEARTBEAT_MS)
    try {
      for await (const chunk of source) await writer.add(chunk)
      const size = await writer.write()
      await publish(key, { signal, syncFile: () => writer.sync(durability) })
      await writer.release()
      return size
    } catch (error) {
      await writer.discard()
      throw error instanceof StorageError && errorCode(error) === 'EEXIST' ? keyTaken() : error
    } finally {
      clearInterval(heartbeat)
      writing.delete(key)
    }
  }

  /** A hard link. Its modification time is set to now, because an old file without a row counts as an orphan. */
  async function adopt(key: BlobKey, path: string): Promise<boolean> {
    const temporary = temporaryPathOf(key)
    try {
      await call((done) => fs.link(path, temporary, done))
    } catch (error) {
      if (CANNOT_LINK.includes(errorCode(error) ?? '')) return false
      throw errorCode(error) === 'ENOENT' ? new StorageError('not_found', { cause: error }) : error
    }
    try {
      const now = new Date()
      await call((done) => fs.utimes(temporary, now, now, done))
      if (durability === 'full') await syncFile(temporary)
      await publish(key)
      return true
    } catch (error) {
      await call((done) => fs.unlink(temporary, done)).catch(ignore('ENOENT'))
      throw error
    }
  }

  /**
   * Makes a whole file visible, or leaves it where it is. Its sync follows the rename where nobody knows the key yet: then both wait
   * for the same commit of the file system's journal.
   */
  async function publish(key: BlobKey, { signal, syncFile }: PublishOptions = {}): Promise<void> {
    const shard = await shardOf(key)
    signal?.throwIfAborted()
    if (fs.existsSync(pathOf(key))) throw keyTaken()
    inPlace(() => fs.renameSync(temporaryPathOf(key), pathOf(key)))
    try {
      if (durability === 'full') await both(shard.sync(), syncFile?.() ?? Promise.resolve())
      signal?.throwIfAborted()
    } catch (error) {
      await takeBack(key)
      throw error
    }
  }

  /** Nobody can say what a power cut would leave of it. */
  async function takeBack(key: BlobKey): Promise<void> {
    await call((done) => fs.rename(pathOf(key), temporaryPathOf(key), done)).catch(() => {})
  }

  /** In place: 7 us of CPU, in the thread pool 40 (2 cores, Node 26). It yields to the event loop, since a cold disk is slow. */
  async function size(key: BlobKey): Promise<number | undefined> {
    const path = pathOf(key)
    const startedAt = performance.now()
    const found = inPlace(() => fs.lstatSync(path, { throwIfNoEntry: false }))
    statMs += performance.now() - startedAt
    if (statMs > MAX_STAT_MS) {
      statMs = 0
      await new Promise(setImmediate)
    }
    return found?.isFile() ? found.size : undefined
  }

  async function remove(key: BlobKey): Promise<void> {
    await call((done) => fs.unlink(pathOf(key), done)).catch(ignore('ENOENT'))
    reader.forget(key)
  }

  async function* list(): AsyncGenerator<BlobInfo> {
    for (const shard of await namesIn(directory, SHARD)) yield* listFolder(join(directory, shard))
  }

  async function sweep(before: number, isWanted: (key: BlobKey) => Promise<boolean> = isNever) {
    const swept = { count: 0, bytes: 0 }
    for await (const { key, size, modifiedAt } of listFolder(temporaries)) {
      if (modifiedAt >= before || writing.has(key) || (await isWanted(key))) continue
      await call((done) => fs.unlink(join(temporaries, key), done)).catch(ignore('ENOENT'))
      swept.count += 1
      swept.bytes += size
    }
    return swept
  }

  async function freeBytes(): Promise<number> {
    const { bavail, bsize } = await call<fs.StatsFs>((done) => fs.statfs(directory, done))
    return bavail * bsize
  }

  async function check(): Promise<void> {
    await call((done) => fs.access(temporaries, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK, done))
  }

  async function close(): Promise<void> {
    for (const shard of await Promise.allSettled(shards.values())) {
      if (shard.status === 'fulfilled') shard.value.close()
    }
    shards.clear()
    reader.close()
    temporaryFolder.close()
    root.close()
  }

  return {
    put,
    adopt,
    get: reader.read,
    openPartial: partials.open,
    seizePartial: partials.seize,
    deletePartial: partials.remove,
    size,
    pathInFolder,
    addressOf: async () => undefined,
    delete: remove,
    list,
    sweep,
    quarantine: { ...quarantine, add: (key) => quarantine.add(key).finally(() => reader.forget(key)) },
    readId: () => readStoreId(directory),
    writeId: (id) =>
      writeStoreId(id, { directory, temporaryPath: temporaryPathOf(randomBytes(16).toString('hex')), root }),
    freeBytes,
    check,
    close,
  }
}

const isNever = async (): Promise<boolean> => false

interface PublishOptions {
  signal?: AbortSignal | undefined
  syncFile?: () => Promise<unknown>
}

/** Neither is under way any more when it throws. */
async function both(...work: Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason
}

/** Keys are random, so this is a bug of ours: an ordinary error. */
const keyTaken = (): Error => new Error('a blob with this key exists already')

/** The process that wrote it may not have synced it. */
async function syncFile(path: string): Promise<void> {
  const fd = await call<number>((done) => fs.open(path, fs.constants.O_RDONLY, done))
  await call((done) => fs.fdatasync(fd, done)).finally(() => fs.closeSync(fd))
}

/** Older versions created folders readable by others. A folder that may not be changed keeps its mode. */
async function makePrivate(path: string): Promise<void> {
  await call((done) => fs.chmod(path, FOLDER_MODE, done)).catch(() => {})
}
