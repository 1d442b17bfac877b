import fs from 'node:fs'
import { join } from 'node:path'
import type { BlobKey, Quarantine } from './blob-store.ts'
import { call, errorCode, ignore } from './file-calls.ts'
import { FOLDER_MODE } from './file-modes.ts'
import { listFolder } from './local-listing.ts'

interface Dependencies {
  directory: string
  /** Path of a readable blob. Throws if the key is malformed. */
  pathOf: (key: BlobKey) => string
  /** Creates the folder of `pathOf`. */
  openShard: (key: BlobKey) => Promise<unknown>
}

/** A separate folder on the same file system: `<directory>/<key>`. The modification time of a file is when it was moved there. */
export function createLocalQuarantine({ directory, pathOf, openShard }: Dependencies): Quarantine {
  async function add(key: BlobKey): Promise<boolean> {
    const path = pathOf(key)
    await call((done) => fs.mkdir(directory, FOLDER_MODE, done)).catch(ignore('EEXIST'))
    const now = new Date()
    return happens(async () => {
      await call((done) => fs.utimes(path, now, now, done))
      await call((done) => fs.rename(path, join(directory, key), done))
    })
  }

  async function restore(key: BlobKey): Promise<boolean> {
    const path = pathOf(key)
    await openShard(key)
    return happens(() => call((done) => fs.rename(join(directory, key), path, done)))
  }

  async function remove(key: BlobKey): Promise<void> {
    pathOf(key)
    await call((done) => fs.unlink(join(directory, key), done)).catch(ignore('ENOENT'))
  }

  return { add, restore, list: () => listFolder(directory), delete: remove }
}

/** False: there is no such file, or another process moved it first. */
async function happens(move: () => Promise<void>): Promise<boolean> {
  try {
    await move()
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}
