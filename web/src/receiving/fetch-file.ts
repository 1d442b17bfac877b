import { headFile } from '../api.ts'
import { archiveUrl, fileUrl, saveUrl } from './links.ts'
import { readStream } from './read-stream.ts'
import { saveStream } from './save.ts'
import { isLimited, type View, type ViewFile } from './view.ts'

/**
 * Fetches a file and saves it. The browser does it where it can; what is encrypted, or behind a password that it would ask for
 * again, passes through the page. Of limited ones it is asked first whether there is a copy to be had, which takes none.
 */
export async function fetchFile(view: View, one: ViewFile, onProgress: (share: number) => void): Promise<void> {
  const { upload, access, secret } = view
  const url = fileUrl(upload, one.file)
  if (isLimited(upload)) await headFile(url, access)
  if (isDirect(view)) return location.assign(saveUrl(upload, one.file))
  const bytes = readStream(url, access, (read) => onProgress(read / Math.max(1, one.file.fileSize)))
  const plain =
    secret === undefined ? bytes : await (await import('../encryption/encryption.ts')).openStream(bytes, secret)
  await saveStream(plain, nameOf(one), one.size)
}

/**
 * Fetches several files that have to pass through the page: as one archive, or, since the server can't put together what it
 * can't read, encrypted ones one by one.
 */
export async function fetchFiles(view: View, files: ViewFile[], onProgress: (share: number) => void): Promise<void> {
  const { upload, access, secret } = view
  if (secret === undefined) {
    const url = archiveUrl(
      upload,
      files.map(({ file }) => file.id),
    )
    const { headers } = await headFile(url, access)
    const size = Number(headers.get('Content-Length'))
    const bytes = readStream(url, access, (read) => onProgress(read / Math.max(1, size)))
    return saveStream(bytes, `mayfly-${upload.id.slice(0, 6)}.zip`, size)
  }
  for (const [index, file] of files.entries())
    await fetchFile(view, file, (share) => onProgress((index + share) / files.length))
}

/** A link that the browser may follow by itself. */
export const isDirect = ({ secret, access }: View): boolean => secret === undefined && access.password === undefined

/** Without folders: the browser would only replace their slashes. */
const nameOf = ({ path }: ViewFile): string => path.slice(path.lastIndexOf('/') + 1)
