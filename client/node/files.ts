import { open, readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { MayflyError } from '../src/errors.ts'
import type { OutgoingFile } from '../src/source.ts'

/** Reads files from the disk for sending. */

/** `name`: the name that recipients see, with folders separated by `/`. */
export async function fileAt(path: string, name = basename(resolve(path))): Promise<OutgoingFile> {
  const { size, mtimeMs } = await stat(path)

  /** Rejects with `file_changed` if the size or time of the file has changed since `stat`. */
  async function slice(start: number, end: number): Promise<Blob> {
    const file = await open(path, 'r')
    try {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start))
      let filled = 0
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      const now = await file.stat()
      if (filled < bytes.length || now.size !== size || now.mtimeMs !== mtimeMs) throw changed(name)
      return new Blob([bytes])
    } finally {
      await file.close()
    }
  }

  return { name, modified: Math.floor(mtimeMs), source: { size, slice } }
}

const changed = (name: string): MayflyError =>
  new MayflyError({ code: 'file_changed', detail: `${name} was changed while it was being sent` })

/** A single file, or all files of a folder, sorted by name. Their names begin with that of the folder; links are followed. */
export async function filesAt(path: string): Promise<OutgoingFile[]> {
  if (!(await stat(path)).isDirectory()) return [await fileAt(path)]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const root = basename(resolve(path))
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
  const names = files.map((file) =>
    [
      root,
      ...resolve(file)
        .slice(resolve(path).length + 1)
        .split(/[\\/]/),
    ].join('/'),
  )
  return Promise.all(files.map((file, index) => fileAt(file, names[index]))).then((found) =>
    found.sort((a, b) => (a.name < b.name ? -1 : 1)),
  )
}
