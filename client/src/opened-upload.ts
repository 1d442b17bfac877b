import { openedSize } from './age-layout.ts'
import { bareName, openName, openText, wrongKey } from './encryption.ts'
import { notAsSent } from './errors.ts'
import type { EncryptionPromise } from './links.ts'
import { compareFiles, type ListedFile, type Manifest, openManifest, textDigest } from './manifest.ts'
import type { FileJson, UploadJson } from './shapes.ts'

/** An encrypted upload as its sender has sealed it. Loaded by `import()` only, when something is encrypted. */

export interface OpenedUpload {
  comments: string
  /** In the sender's order. */
  files: OpenedFile[]
  /** Undefined: it was made without one, so nothing binds names, sizes and contents together. */
  manifest: Manifest | undefined
  /** How many files the manifest names of which the server knows nothing. */
  absent: number
}

export interface OpenedFile {
  file: FileJson
  name: string
  size: number
  /** How the manifest describes it. */
  listed: ListedFile | undefined
  /** It can be fetched, but is not what the sender listed. */
  isForeign: boolean
}

/** Throws `MayflyError`: `wrong_key`, or `not_as_sent` when a promise is not kept. */
export async function openUpload(upload: UploadJson, key: string, e2ee?: EncryptionPromise): Promise<OpenedUpload> {
  const files = upload.files ?? []
  const names = new Map(files.map(({ id, fileName }) => [id, openName(fileName, key)]))
  const manifest = manifestIn(upload, key)
  const comments = upload.comments === '' ? '' : await openText(upload.comments, key).catch(() => undefined)
  const opensSomething = manifest || comments || [...names.values()].some((name) => name !== undefined)
  const isSealed = upload.manifest !== undefined || upload.comments !== '' || files.some(isNameSealed)
  if (isSealed && !opensSomething) throw wrongKey()
  if (!manifest && upload.manifest !== undefined) throw notAsSent("the sender's list of the files was changed")
  if (!manifest && e2ee === '2') throw notAsSent("the server does not hand out the sender's list of the files")
  const isMessageListed = !manifest || manifest.message === textDigest(upload.comments)
  if (comments === undefined || !isMessageListed) throw notAsSent('the message is not the one that the sender wrote')

  const opened = ({ file, listed, isForeign }: Pick<OpenedFile, 'file' | 'listed' | 'isForeign'>): OpenedFile => ({
    file,
    name: names.get(file.id) ?? bareName(file.fileName),
    size: listed?.size ?? openedSize(file.fileSize),
    listed,
    isForeign,
  })
  if (!manifest) {
    const unlisted = files.map((file) => opened({ file, listed: undefined, isForeign: false }))
    return { comments, manifest, absent: 0, files: unlisted }
  }
  const isThere = ({ status }: FileJson) => status === (upload.stream ? 'uploading' : 'uploaded')
  const compared = compareFiles(files, isThere, manifest)
  return { comments, manifest, absent: compared.absent, files: compared.files.map(opened) }
}

/** Undefined: there is none, or it does not open. */
function manifestIn({ manifest }: UploadJson, key: string): Manifest | undefined {
  if (manifest === undefined) return undefined
  try {
    return openManifest(manifest, key)
  } catch {
    return undefined
  }
}

/** As this client and the page write it; others, such as `age` and curl, name their files as they like. */
const isNameSealed = ({ fileName }: FileJson): boolean => /^[\w-]{80,}\.age$/.test(fileName)
