import { makeZip, predictLength } from 'client-zip'
import { entryNames } from '../../../server/downloads/archive-names.ts'
import type { Fetching } from './fetch-file.ts'
import { type Content, openFile, type Reading } from './open-file.ts'
import { FileError } from './problems.ts'
import type { View, ViewFile } from './view.ts'

/**
 * Creates a zip of decrypted files, which the server can't read. Files are decrypted one after another as a stream, so that none
 * is held in memory. Names are as safe as in the server's own archives. On an error the stream fails before the central directory
 * is written, so the file is not a valid zip.
 */
export function zipOf(view: View, files: ViewFile[], { onProgress, signal }: Fetching) {
  const names = entryNames(files.map(({ path }) => path))
  const total = files.reduce((sum, { file }) => sum + file.fileSize, 0)
  const size = Number(predictLength(files.map((one, i) => ({ name: names[i], size: one.size }))))

  async function* entries(left: AbortController) {
    const ended = AbortSignal.any([signal, left.signal])
    let before = 0
    try {
      for (const [i, one] of files.entries()) {
        const reading = { onProgress: (read: number) => onProgress(before + read, total), signal: ended }
        yield { name: names[i], lastModified: one.file.createdAt, input: contentOf(view, one, reading) }
        before += one.file.fileSize
      }
    } finally {
      left.abort() // when cancelled, client-zip closes its own stream, but not its sources
    }
  }

  const open = async (): Promise<Content> => ({
    bytes: makeZip(entries(new AbortController())),
    size: files.every(({ isSizeExact }) => isSizeExact) ? size : undefined,
  })
  return { size, open }
}

async function* contentOf(view: View, one: ViewFile, reading: Reading) {
  try {
    const { bytes } = await openFile(view, one, reading)
    const reader = bytes.getReader()
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } catch (error) {
    throw new FileError(one.path, error)
  }
}
