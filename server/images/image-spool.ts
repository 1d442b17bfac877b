import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { FastifyBaseLogger } from 'fastify'
import { errorCode, ignore, storageError } from '../../storage/file-calls.ts'
import { FILE_MODE, FOLDER_MODE } from '../../storage/file-modes.ts'
import { isId, newId } from '../lib/ids.ts'

interface Dependencies {
  folder: string
  log: Pick<FastifyBaseLogger, 'error'>
}

export interface SpoolPaths {
  input: string
  output: string
}

const INPUT = 'input'
const OUTPUT = 'output'
/** Names of the files of `lend`, and of temporary files beside them. */
const OWN_NAMES = /^(?:input|output)(?:\.|$)/
/** The modification time of a folder shows other processes that its image is still in use, also while it waits in a queue. */
const HEARTBEAT_MS = 60_000

export type ImageSpool = ReturnType<typeof createImageSpool>

/** Temporary files for libvips, which can't read from a stream or a bucket. Each image has a folder of its own. */
export function createImageSpool({ folder, log }: Dependencies) {
  const inUse = new Set<string>()
  const heartbeat = setInterval(() => void touchAll(), HEARTBEAT_MS).unref()

  /** Creates a folder for `work` and deletes it afterwards. Throws `insufficient_storage`, and what `work` throws. */
  async function lend<T>(work: (paths: SpoolPaths) => Promise<T>): Promise<T> {
    const path = join(folder, newId())
    inUse.add(path)
    try {
      await mkdir(path, { recursive: true, mode: FOLDER_MODE })
      return await work({ input: join(path, INPUT), output: join(path, OUTPUT) })
    } catch (error) {
      throw isFull(error) ? storageError(error) : error
    } finally {
      await removeFolder(path).catch((err: unknown) => log.error({ err }, 'could not remove a spooled image'))
      inUse.delete(path)
    }
  }

  async function touchAll(): Promise<void> {
    const now = new Date()
    await Promise.allSettled([...inUse].map((path) => utimes(path, now, now)))
  }

  /** Deletes folders left by crashes, like `BlobStore.sweep`. Folders with other content are kept. */
  async function sweep(before: number): Promise<{ count: number; bytes: number }> {
    const swept = { count: 0, bytes: 0 }
    for (const name of (await namesIn(folder)).filter(isId)) {
      const path = join(folder, name)
      if (inUse.has(path) || !((await modifiedAt(path)) < before) || !(await isSpooled(path))) continue
      swept.bytes += await sizeOf(path)
      swept.count += 1
      await removeFolder(path)
    }
    return swept
  }

  return { lend, sweep, close: () => clearInterval(heartbeat) }
}

/** Whether a folder contains only files that `lend` creates. */
async function isSpooled(path: string): Promise<boolean> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined)
  return entries?.every((entry) => entry.isFile() && OWN_NAMES.test(entry.name)) ?? false
}

/** Writes a new file of the spool. */
export const spoolFile = (path: string, bytes: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> =>
  pipeline(bytes, createWriteStream(path, { flags: 'wx', mode: FILE_MODE }), { ...(signal && { signal }) })

/** Repeated, because a thread of libvips that could not be stopped may still write into the folder. */
const removeFolder = (path: string): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 3 })

export const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '')

const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: unknown) => {
    ignore('ENOENT')(error)
    return []
  })

/** Returns NaN, which is never less than another number, if it was deleted meanwhile. */
const modifiedAt = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    (error: unknown) => {
      ignore('ENOENT')(error)
      return Number.NaN
    },
  )

async function sizeOf(folder: string): Promise<number> {
  const sizes = (await namesIn(folder)).map((name) =>
    stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
