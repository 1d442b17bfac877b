import { openedSize } from './age-layout.ts'
import { bareName, openName, openText, wrongKey } from './encryption.ts'
import { type MayflyError, notAsSent } from './errors.ts'
import { compareFiles, type ListedFile, type Manifest, openManifest, textDigest } from './manifest.ts'
import type { FileJson } from './shapes.ts'

/** Decrypts an upload and compares it with its manifest. Loaded by `import()` only when something is encrypted. */

export interface OpenedUpload<File extends FileJson = FileJson> {
  comments: string
  /** In the sender's order. */
  files: OpenedFile<File>[]
  /** Undefined: it was created without one, so names, sizes and contents are not bound together. */
  manifest: Manifest | undefined
  /** Number of listed files that the server does not have. */
  absent: number
}

export interface OpenedFile<File extends FileJson = FileJson> {
  file: File
  name: string
  /** The name was encrypted by this client, so the exact size of the file is known. */
  isNameSealed: boolean
  size: number
  /** Its entry in the manifest. */
  listed: ListedFile | undefined
  /** It is available, but does not match the manifest. */
  isForeign: boolean
}

/** The encrypted parts of the server's response. */
interface SealedUpload<File> {
  comments: string
  files?: readonly File[] | null
  manifest?: string | undefined
  stream: boolean
}

interface Promised {
  /** The link guarantees that there is a manifest. */
  hasManifest: boolean
  /** Over plain HTTP browsers can't decrypt the message. */
  isMessageSkipped?: boolean
}

/**
 * Why an upload can't be decrypted:
 *
 * - `key`: the key is wrong
 * - `unlisted`: the link guarantees a manifest, and there is none
 * - `manifest`, `message`: it was changed
 */
export type Obstacle = 'key' | 'unlisted' | 'manifest' | 'message'

export async function tryToOpen<File extends FileJson>(
  upload: SealedUpload<File>,
  key: string,
  { hasManifest, isMessageSkipped = false }: Promised,
): Promise<OpenedUpload<File> | Obstacle> {
  const files = upload.files ?? []
  const names = new Map(files.map(({ id, fileName }) => [id, openName(fileName, key)]))
  const manifest = manifestIn(upload, key)
  const hasMessage = upload.comments !== '' && !isMessageSkipped
  const comments = hasMessage ? await openText(upload.comments, key).catch(() => undefined) : ''
  const opensSomething = manifest || comments || [...names.values()].some((name) => name !== undefined)
  const isSealed = upload.manifest !== undefined || hasMessage || files.some(hasSealedName)
  if (isSealed && !opensSomething) return 'key'
  if (!manifest && upload.manifest !== undefined) return 'manifest'
  if (!manifest && hasManifest) return 'unlisted'
  const isMessageListed = !manifest || manifest.message === textDigest(upload.comments)
  if (comments === undefined || !isMessageListed) return 'message'

  const opened = ({ file, listed, isForeign }: Pick<OpenedFile<File>, 'file' | 'listed' | 'isForeign'>) => {
    const name = names.get(file.id)
    return {
      file,
      name: name ?? bareName(file.fileName),
      isNameSealed: name !== undefined,
      size: listed?.size ?? openedSize(file.fileSize),
      listed,
      isForeign,
    }
  }
  if (!manifest) {
    const unlisted = files.map((file) => opened({ file, listed: undefined, isForeign: false }))
    return { comments, manifest, absent: 0, files: unlisted }
  }
  const isThere = ({ status }: FileJson) => status === (upload.stream ? 'uploading' : 'uploaded')
  const compared = compareFiles(files, isThere, manifest)
  return { comments, manifest, absent: compared.absent, files: compared.files.map(opened) }
}

const ERRORS: Record<Obstacle, () => MayflyError> = {
  key: wrongKey,
  unlisted: () => notAsSent("the server did not return the sender's list of files"),
  manifest: () => notAsSent("the sender's list of files was changed"),
  message: () => notAsSent('the message is not the one that the sender wrote'),
}

/** Throws `MayflyError`: `wrong_key`, or `not_as_sent` if the upload does not match its link. */
export async function openUpload(
  upload: SealedUpload<FileJson>,
  key: string,
  promised: Promised,
): Promise<OpenedUpload> {
  const opened = await tryToOpen(upload, key, promised)
  if (typeof opened === 'string') throw ERRORS[opened]()
  return opened
}

/** Undefined: there is none, or it can't be decrypted. */
function manifestIn({ manifest }: SealedUpload<unknown>, key: string): Manifest | undefined {
  if (manifest === undefined) return undefined
  try {
    return openManifest(manifest, key)
  } catch {
    return undefined
  }
}

/** Whether the name has the form of this client's encrypted names; other clients, such as `age` and curl, use names of their own. */
const hasSealedName = ({ fileName }: FileJson): boolean => /^[\w-]{80,}\.age$/.test(fileName)
