import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Paths of all blobs and temporary files of the local store in a data folder. */
export function storedFiles(dataDir: string): string[] {
  const entries = readdirSync(join(dataDir, 'files'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}
