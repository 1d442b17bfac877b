import { cleanFileName } from '../../../server/uploads/file-name.ts'
import { headFile } from '../lib/api.ts'
import { withDownloaderId } from './downloader-id.ts'
import { archiveUrl, fileUrl, saveUrl } from './links.ts'
import { type Content, openFile, openUrl } from './open-file.ts'
import { FileError, InsecureError } from './problems.ts'
import { save } from './save.ts'
import { isDirect, isLimited, needsHttps, type View, type ViewFile } from './view.ts'

/** How somebody waits for what passes through the page. */
export interface Fetching {
  /** Bytes that have come from the server, of how many. */
  onProgress: (read: number, total: number) => void
  /** Aborted when nobody waits any longer. */
  signal: AbortSignal
}

/**
 * Fetches a file and saves it. The browser does it where it can; what is encrypted, or behind a password that it would ask for
 * again, passes through the page.
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

/** Has the browser fetch it, if it is available, which asking does not use up: the browser's own failures are not explained. */
async function follow({ upload, access }: View, url: string): Promise<void> {
  const address = withDownloaderId(upload, url)
  await headFile(address, access) // its password is not in the address: the browser asks for that
  location.assign(address)
}

/** Fetches several files, as one archive where that is safe. */
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
 * Encrypted files with a download limit. Each is used up once it was read; were they parts of a zip, one that
 * breaks off would take with it all that came before.
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

/** None: all that there are, however many that is. */
const idsOf = (view: View, files: ViewFile[]): string[] =>
  files.length === view.files.filter(({ isThere }) => isThere).length ? [] : files.map(({ file }) => file.id)

const archiveName = ({ upload }: View): string => `mayfly-${upload.id.slice(0, 6)}.zip`

/** Without folders, whose slashes the browser would only replace, and as the server cleans the names that it can read. */
const nameOf = ({ path }: ViewFile): string => cleanFileName(path) || 'file'
