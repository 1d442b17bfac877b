import type { FileJson, UploadJson } from '../api.ts'
import { archiveUrl, fileUrl } from './links.ts'

/** What to type into a terminal. Pure. */

/** One file as it is, several as an archive. */
export function commandOf(upload: UploadJson): string {
  const files = availableFiles(upload)
  const [only] = files
  const auth = upload.protectedByPassword ? '-u plik ' : ''
  if (only && files.length === 1) return `curl ${auth}-o ${quoted(only.fileName)} ${quoted(fileUrl(upload, only))}`
  return `curl ${auth}-OJ ${quoted(archiveUrl(upload))}`
}

export const availableFiles = (upload: UploadJson): FileJson[] =>
  (upload.files ?? []).filter(({ status }) => status === (upload.stream ? 'uploading' : 'uploaded'))

/** For a POSIX shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`
