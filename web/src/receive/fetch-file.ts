import { cleanFileName } from '../../../server/uploads/file-name.ts'
import { headFile } from '../lib/api.ts'
import { withDownloaderId } from './downloader-id.ts'
import { archiveUrl, fileUrl, saveUrl } from './links.ts'
import { type Content, openFile, openUrl } from './open-file.ts'
import { FileError, InsecureError } from './problems.ts'
import { save } from './save.ts'
import { isDirect, isLimited, needsHttps, type View, type ViewFile } from './view.ts'

/** Progress and cancellation of a download through the page. */
export interface Fetching {
  /** Bytes received so far, and in total. */
  onProgress: (read: number, total: number) => void
  /** Aborted when the user cancels. */
  signal: AbortSignal
}

/**
 * Downloads and saves a file. The browser does this itself where it can. Encrypted files, and files with a password that the
 * browser would ask for again, are downloaded by the page.
 */
export async function fetchFile(view: View, one: ViewFile, { onProgress, signal }: Fetching): Promise<void> {
  const { upload, access } = view
  if (needsHttps(view)) throw new InsecureError()
  if (isDirect(view, one.size)) return follow(view, saveUrl(upload, one.file))
  if (isLimited(upload)) await headFile(withDownloaderId(upload, fileUrl(upload, one.file)), access)
  const { fileSize } = one.file
  const open = () => openFile(view, one, { onProgress: (read) => onProgress(read, fileSize), signal })
  await save({ name: nameOf(one), size: one.size }, open, signal)
}

/** Navigates to the file after a HEAD request that does not use up a download: the page can explain its errors, the browser can't. */
async function follow({ upload, access }: View, url: string): Promise<void> {
  const address = withDownloaderId(upload, url)
  await headFile(address, access) // the URL does not contain the password: the browser asks for it
  location.assign(address)
}

/** Downloads several files, as one archive where that is safe. */
export async function fetchFiles(view: View, files: ViewFile[], fetching: Fetching): Promise<void> {
  if (needsHttps(view)) throw new InsecureError()
  if (isDirect(view, totalOf(files))) return follow(view, archiveUrl(view.upload, idsOf(view, files)))
  if (view.secret === undefined) return fetchArchive(view, files, fetching)
  if (isLimited(view.upload)) return fetchOneByOne(view, files, fetching)
  const { zipOf } = await import('./zip.ts')
  const zip = zipOf(view, files, fetching)
  await save({ name: archiveName(view), size: zip.size }, zip.open, fetching.signal)
}

async function fetchArchive(view: View, files: ViewFile[], { onProgress, signal }: Fetching): Promise<void> {
  const { upload, access } = view
  const url = archiveUrl(upload, idsOf(view, files))
  const { headers } = await headFile(withDownloaderId(upload, url), access)
  const size = Number(headers.get('Content-Length'))
  const open = async (): Promise<Content> => ({
    bytes: await openUrl(view, url, { onProgress: (read) => onProgress(read, size), signal }),
    size,
  })
  await save({ name: archiveName(view), size }, open, signal)
}

/**
 * Encrypted files with a download limit. Reading one uses up a download; if they were parts of a zip, an interruption would lose
 * all files before it.
 */
async function fetchOneByOne(view: View, files: ViewFile[], { onProgress, signal }: Fetching): Promise<void> {
  const total = totalOf(files)
  let before = 0
  for (const one of files) {
    await fetchFile(view, one, { onProgress: (read) => onProgress(before + read, total), signal }).catch((error) => {
      throw new FileError(one.path, error)
    })
    before += one.file.fileSize
  }
}

const totalOf = (files: ViewFile[]): number => files.reduce((sum, { file }) => sum + file.fileSize, 0)

/** Empty: all files of the upload, however many there are. */
const idsOf = (view: View, files: ViewFile[]): string[] =>
  files.length === view.files.filter(({ isThere }) => isThere).length ? [] : files.map(({ file }) => file.id)

const archiveName = ({ upload }: View): string => `mayfly-${upload.id.slice(0, 6)}.zip`

/** Without folders, whose slashes the browser would replace, and cleaned like the names that the server can read. */
const nameOf = ({ path }: ViewFile): string => cleanFileName(path) || 'file'
