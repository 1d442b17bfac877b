import { makeZip, predictLength } from 'client-zip'
import { entryNames } from '../../../server/downloads/archive-names.ts'
import type { Fetching } from './fetch-file.ts'
import { type Content, openFile, type Reading } from './open-file.ts'
import { FileError } from './problems.ts'
import type { View, ViewFile } from './view.ts'

/**
 * A zip of encrypted files, which the server can't make since it can't read them: opened one after another while it is
 * written, so that nothing of it is ever held. Its names are as safe as those of the server's own archives. When anything
 * goes wrong it ends in an error, before the directory without which it is no zip.
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
      left.abort() // client-zip ends this one when nobody wants the rest, but not what it gave
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
