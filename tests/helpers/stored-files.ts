import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Paths of all files in the local store of a data folder, except the store's id. */
export function storedFiles(dataDir: string): string[] {
  const entries = readdirSync(join(dataDir, 'files'), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name !== 'store-id')
    .map(({ parentPath, name }) => join(parentPath, name))
}
