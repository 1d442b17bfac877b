import fs from 'node:fs'
import { join } from 'node:path'
import type { BlobInfo } from './blob-store.ts'
import { call, ignore } from './file-calls.ts'

export const KEY = /^[0-9a-f]{32}$/

/** Number of concurrent stat calls. */
const STAT_BATCH = 64

/** The files in a folder whose names are keys; none if there is no such folder. */
export async function* listFolder(path: string): AsyncGenerator<BlobInfo> {
  const keys = await namesIn(path, KEY)
  for (let index = 0; index < keys.length; index += STAT_BATCH) {
    const batch = keys.slice(index, index + STAT_BATCH)
    const found = await Promise.all(batch.map((key) => statFile(join(path, key))))
    for (const [offset, key] of batch.entries()) {
      const file = found[offset]
      if (file) yield { key, size: file.size, modifiedAt: file.mtimeMs }
    }
  }
}

/** Names that match `pattern`; none if the folder does not exist. */
export function namesIn(path: string, pattern: RegExp): Promise<string[]> {
  return call<string[]>((done) => fs.readdir(path, done)).then(
    (names) => names.filter((name) => pattern.test(name)),
    (error: unknown) => {
      ignore('ENOENT')(error)
      return []
    },
  )
}

/** Undefined if nothing is there, or something other than a regular file, such as a symbolic link. */
async function statFile(path: string): Promise<fs.Stats | undefined> {
  const stats = await call<fs.Stats | undefined>((done) => fs.lstat(path, done)).catch(ignore('ENOENT'))
  return stats?.isFile() ? stats : undefined
}
