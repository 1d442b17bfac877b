import { pathOfName } from '../../../client/src/file-name.ts'
import type { ListedFile, Manifest } from '../../../client/src/manifest.ts'
import type { Access, FileJson, UploadJson } from '../lib/api.ts'

/** An upload as people may read it: opened, where it was encrypted. */
export interface View {
  upload: UploadJson
  access: Access
  /** Of an encrypted upload. */
  secret: string | undefined
  /** Of an encrypted upload; undefined: it was made without one, so nothing binds names, sizes and contents together. */
  manifest?: Manifest | undefined
  /** How many files it names of which the server knows nothing. */
  absent?: number
  comments: string
  files: ViewFile[]
}

export interface ViewFile {
  file: FileJson
  /** With its folders. */
  path: string
  /** Bytes, as they will be on disk. */
  size: number
  /** Not of what another client has encrypted: how long its header is can be told only by reading it. */
  isSizeExact: boolean
  /** Whether it can be fetched. */
  isThere: boolean
  /** How the manifest describes it. */
  listed?: ListedFile | undefined
  /** It could be fetched, but is not what the sender listed. */
  isForeign?: boolean
}

export const isEncrypted = ({ e2ee }: Pick<UploadJson, 'e2ee'>): boolean => e2ee === 'age'

/** What is held in memory, at most, where a browser offers nothing better. */
export const MAX_HELD_BYTES = 256 * 1024 * 1024

/** Whether the browser has to fetch the bytes behind a password by itself, and ask for it: they are too many for this page. */
export const isAskedAgain = ({ secret, access }: View, size: number): boolean =>
  secret === undefined &&
  access.password !== undefined &&
  size > MAX_HELD_BYTES &&
  !('serviceWorker' in navigator || 'showSaveFilePicker' in window)

/** Whether the browser may follow its links by itself. `size`: bytes that would pass through the page otherwise. */
export const isDirect = (view: View, size = 0): boolean =>
  view.secret === undefined && (view.access.password === undefined || isAskedAgain(view, size))

/** Reading it uses it up, so nothing may be read for a look. */
export const isLimited = ({ oneShot, maxDownloads, stream }: UploadJson): boolean =>
  oneShot || maxDownloads !== undefined || stream

/**
 * What its sender took back, or did not send after all, is not shown to others. Of limited files people want to know that they were
 * fetched, and of encrypted ones that the server lacks what the sender listed.
 */
export const isListed =
  (upload: UploadJson) =>
  ({ file, listed }: ViewFile): boolean =>
    file.status !== 'deleted' || isLimited(upload) || listed !== undefined

/** By the clock of this device: only the server knows for sure. */
export const hasExpired = ({ expireAt }: Pick<UploadJson, 'expireAt'>, now: number): boolean =>
  expireAt !== null && Date.parse(expireAt) <= now

/** Whether files are still to come, or may go at any time. */
export const isUnsettled = ({ upload, files }: View): boolean =>
  files.some(({ file, isThere }) => (isThere ? isLimited(upload) : ['missing', 'uploading'].includes(file.status)))

/** Whether it is encrypted and can't be opened here: over plain HTTP browsers have no cryptography, and pages can't be trusted. */
export const needsHttps = ({ secret }: Pick<View, 'secret'>): boolean => secret !== undefined && !isSecureContext

/** An upload that is not encrypted. */
export function plainView(upload: UploadJson, access: Access): View {
  const files = (upload.files ?? []).map((file) => viewFile(upload, file, pathOfName(file.fileName), file.fileSize))
  return { upload, access, secret: undefined, comments: upload.comments, files }
}

export const viewFile = (upload: UploadJson, file: FileJson, path: string, size: number): ViewFile => ({
  file,
  path,
  size,
  isSizeExact: true,
  isThere: canBeFetched(upload, file),
})

const canBeFetched = ({ stream }: UploadJson, { status }: FileJson): boolean =>
  status === (stream ? 'uploading' : 'uploaded')
