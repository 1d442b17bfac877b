import { pathOfName } from '../../../client/src/file-name.ts'
import type { ListedFile, Manifest } from '../../../client/src/manifest.ts'
import type { Access, FileJson, UploadJson } from '../lib/api.ts'

/** An upload for display, decrypted if it was encrypted. */
export interface View {
  upload: UploadJson
  access: Access
  /** Set for an encrypted upload. */
  secret: string | undefined
  /** Set for an encrypted upload; undefined: it has no manifest, so names, sizes and contents are not bound together. */
  manifest?: Manifest | undefined
  /** Number of listed files that the server does not have. */
  absent?: number
  comments: string
  files: ViewFile[]
}

export interface ViewFile {
  file: FileJson
  /** Includes folders. */
  path: string
  /** Size of the decrypted file in bytes. */
  size: number
  /** False for files of other clients: the length of the header is known only after reading it. */
  isSizeExact: boolean
  /** Whether it can be downloaded. */
  isThere: boolean
  /** Its entry in the manifest. */
  listed?: ListedFile | undefined
  /** It is available, but does not match the manifest. */
  isForeign?: boolean
}

export const isEncrypted = ({ e2ee }: Pick<UploadJson, 'e2ee'>): boolean => e2ee === 'age'

/** Maximum held in memory if the browser offers nothing better. */
export const MAX_HELD_BYTES = 256 * 1024 * 1024

/** Whether the browser has to download the file itself and ask for the password again, because the file is too large for the page. */
export const isAskedAgain = ({ secret, access }: View, size: number): boolean =>
  secret === undefined &&
  access.password !== undefined &&
  size > MAX_HELD_BYTES &&
  !('serviceWorker' in navigator || 'showSaveFilePicker' in window)

/** Whether the browser can follow the links directly. `size`: bytes that the page would have to download otherwise. */
export const isDirect = (view: View, size = 0): boolean =>
  view.secret === undefined && (view.access.password === undefined || isAskedAgain(view, size))

/** Reading a file uses up a download, so it can't be previewed. */
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

/** Whether files may still be added, or become unavailable at any time. */
export const isUnsettled = ({ upload, files }: View): boolean =>
  files.some(({ file, isThere }) => (isThere ? isLimited(upload) : ['missing', 'uploading'].includes(file.status)))

/** Whether it is encrypted and can't be decrypted here: over plain HTTP browsers have no cryptography, and pages can't be trusted. */
export const needsHttps = ({ secret }: Pick<View, 'secret'>): boolean => secret !== undefined && !isSecureContext

/** The view of an upload that is not encrypted. */
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
