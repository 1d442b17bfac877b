import { openedSize } from './age-layout.ts'
import { accessHeaders, type Connection } from './connection.ts'
import { pathOfName } from './file-name.ts'
import { fileLink, uploadLink } from './links.ts'
import type { FileJson, FileStatus, UploadJson } from './shapes.ts'

/** An upload as programs read it: with links, dates, and names that are opened where it is encrypted. */

export interface UploadInfo {
  id: string
  /** The page of the upload; of an encrypted one with the key, behind the `#`. */
  link: string
  /** The same page for who administers the upload; only where its token is known. */
  adminLink: string | undefined
  token: string | undefined
  /** Opens an encrypted upload. */
  key: string | undefined
  /** All files as one zip. Of an encrypted upload it holds what is encrypted. */
  archiveLink: string
  comments: string
  files: FileInfo[]
  isEncrypted: boolean
  isStream: boolean
  oneShot: boolean
  removable: boolean
  maxDownloads: number | undefined
  hasPassword: boolean
  createdAt: Date
  /** Undefined: never. */
  expiresAt: Date | undefined
}

export interface FileInfo {
  id: string
  /** With folders, if any, separated by `/`. */
  name: string
  /** Bytes, as they will be on disk; of an encrypted file that other clients made not exactly. */
  size: number
  type: string
  status: FileStatus | (string & {})
  /** Where it is downloaded from; of an encrypted upload with the key, behind the `#`. */
  link: string
  createdAt: Date
  /** Of an upload with a limited number of downloads. */
  downloadsLeft: number | undefined
}

/** Credentials of a reader: for the upload, and for its files. */
export interface Secrets {
  token?: string | undefined
  key?: string | undefined
}

export async function uploadInfo(server: string, upload: UploadJson, { token, key }: Secrets): Promise<UploadInfo> {
  const isEncrypted = upload.e2ee === 'age'
  const opener = isEncrypted && key !== undefined ? await import('./encryption.ts') : undefined
  const base = upload.downloadURL ?? server
  const usedKey = isEncrypted ? key : undefined

  const info = (file: FileJson): FileInfo => ({
    id: file.id,
    name: opener && key !== undefined ? opener.openName(file.fileName, key) : pathOfName(file.fileName),
    size: isEncrypted ? openedSize(file.fileSize) : file.fileSize,
    type: file.fileType,
    status: file.status,
    link: fileLink(base, {
      uploadId: upload.id,
      fileId: file.id,
      name: file.fileName,
      isStream: upload.stream,
      key: usedKey,
    }),
    createdAt: new Date(file.createdAt),
    downloadsLeft: file.downloadsLeft,
  })

  return {
    id: upload.id,
    link: uploadLink(server, upload.id, { key: usedKey }),
    adminLink: token === undefined ? undefined : uploadLink(server, upload.id, { token, key: usedKey }),
    token,
    key: usedKey,
    archiveLink: `${base}/archive/${upload.id}/mayfly-${upload.id.slice(0, 6)}.zip`,
    comments: opener && key && upload.comments ? await opener.openText(upload.comments, key) : upload.comments,
    files: (upload.files ?? []).map(info),
    isEncrypted,
    isStream: upload.stream,
    oneShot: upload.oneShot,
    removable: upload.removable,
    maxDownloads: upload.maxDownloads,
    hasPassword: upload.protectedByPassword,
    createdAt: new Date(upload.createdAt),
    expiresAt: upload.expireAt === null ? undefined : new Date(upload.expireAt),
  }
}

export const fetchUpload = (
  connection: Connection,
  { server, uploadId }: { server: string; uploadId: string },
  access: { token?: string | undefined; password?: string | undefined; login?: string | undefined },
  signal?: AbortSignal,
): Promise<UploadJson> =>
  connection.json<UploadJson>(`${server}/upload/${encodeURIComponent(uploadId)}`, {
    headers: accessHeaders(access),
    signal,
  })
