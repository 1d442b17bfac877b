import { openedSize } from './age-layout.ts'
import { type Access, accessHeaders, type Connection } from './connection.ts'
import { notAsSent } from './errors.ts'
import { pathOfName } from './file-name.ts'
import {
  type ContentLink,
  type EncryptionPromise,
  fileLink,
  type UploadAddress,
  uploadAddress,
  uploadLink,
} from './links.ts'
import type { ListedFile } from './manifest.ts'
import type { OpenedFile } from './opened-upload.ts'
import { pause, persistently, type RetryOptions } from './retry.ts'
import type { FileJson, FileStatus, UploadJson } from './shapes.ts'

/** An upload for programs: with links, dates, and decrypted names. */

export interface UploadInfo {
  id: string
  /** The page of the upload; for an encrypted one it contains the key in the fragment. */
  link: string
  /** The admin link; only if the token is known. */
  adminLink: string | undefined
  token: string | undefined
  /** Decrypts an encrypted upload. */
  key: string | undefined
  /** All files as one zip. For an encrypted upload it contains the encrypted files. */
  archiveLink: string
  comments: string
  /** For an encrypted upload in the order of its sender. */
  files: FileInfo[]
  isEncrypted: boolean
  /** The upload has an encrypted list that binds names, sizes, order and contents together. */
  isListed: boolean
  /** Number of listed files that the server does not have. */
  absentFiles: number
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
  /** Size of the decrypted file in bytes; approximate for encrypted files of other clients. */
  size: number
  type: string
  status: FileStatus | (string & {})
  /** Download URL; for an encrypted upload it contains the key in the fragment. */
  link: string
  createdAt: Date
  /** Set for an upload with a limited number of downloads. */
  downloadsLeft: number | undefined
  /** The file does not match the list of the sender of the encrypted upload, so it can't be downloaded. */
  isForeign: boolean
  /** Its entry in the sender's list. */
  listed: ListedFile | undefined
}

/** Credentials for reading the upload and its files. */
export interface Secrets {
  token?: string | undefined
  key?: string | undefined
  /** What the link guarantees about the upload. */
  e2ee?: EncryptionPromise | undefined
}

/** Given credentials take precedence over those in the link. */
export const secretsOf = (link: ContentLink, { token, key }: Secrets): Secrets => ({
  token: token ?? ('token' in link ? link.token : undefined),
  key: key ?? ('key' in link ? link.key : undefined),
  e2ee: 'e2ee' in link ? link.e2ee : undefined,
})

/** Throws `MayflyError`: `wrong_key`, or `not_as_sent` if the upload does not match its link. */
export async function uploadInfo(server: string, upload: UploadJson, secrets: Secrets): Promise<UploadInfo> {
  const { token } = secrets
  const isEncrypted = upload.e2ee === 'age'
  if (secrets.e2ee !== undefined && !isEncrypted)
    throw notAsSent('the link is for an encrypted upload, but the upload on the server is not encrypted')
  const key = isEncrypted ? secrets.key : undefined
  const opened = key === undefined ? undefined : await openedBy(upload, key, secrets.e2ee)
  const base = upload.downloadURL ?? server
  const e2ee = opened?.manifest ? '2' : '1'

  const info = ({ file, name, size, listed, isForeign }: Omit<OpenedFile, 'isNameSealed'>): FileInfo => ({
    id: file.id,
    name,
    size,
    type: file.fileType,
    status: file.status,
    link: fileLink(base, {
      uploadId: upload.id,
      fileId: file.id,
      name: file.fileName,
      isStream: upload.stream,
      key,
      e2ee,
    }),
    createdAt: new Date(file.createdAt),
    downloadsLeft: file.downloadsLeft,
    isForeign,
    listed,
  })

  return {
    id: upload.id,
    link: uploadLink(server, upload.id, { key, e2ee }),
    adminLink: token === undefined ? undefined : uploadLink(server, upload.id, { token, key, e2ee }),
    token,
    key,
    archiveLink: `${base}/archive/${upload.id}/mayfly-${upload.id.slice(0, 6)}.zip`,
    comments: opened?.comments ?? upload.comments,
    files: (opened?.files ?? (upload.files ?? []).map((file) => unopened(file, isEncrypted))).map(info),
    isEncrypted,
    isListed: opened?.manifest !== undefined,
    absentFiles: opened?.absent ?? 0,
    isStream: upload.stream,
    oneShot: upload.oneShot,
    removable: upload.removable,
    maxDownloads: upload.maxDownloads,
    hasPassword: upload.protectedByPassword,
    createdAt: new Date(upload.createdAt),
    expiresAt: upload.expireAt === null ? undefined : new Date(upload.expireAt),
  }
}

const openedBy = async (upload: UploadJson, key: string, e2ee: EncryptionPromise | undefined) =>
  (await import('./opened-upload.ts')).openUpload(upload, key, { hasManifest: e2ee === '2' })

const unopened = (file: FileJson, isEncrypted: boolean): Omit<OpenedFile, 'isNameSealed'> => ({
  file,
  name: pathOfName(file.fileName),
  size: isEncrypted ? openedSize(file.fileSize) : file.fileSize,
  listed: undefined,
  isForeign: false,
})

export const fetchUpload = (
  connection: Connection,
  address: UploadAddress,
  access: Access,
  signal?: AbortSignal,
): Promise<UploadJson> =>
  connection.json<UploadJson>(uploadAddress(address), {
    headers: accessHeaders(access),
    signal,
  })

/** How often to read again when files and list do not match: they are read and changed one after the other. */
const RECHECKS = 2
const RECHECK_MS = 700

/** Reads an upload, and reads it again if it does not match its list. Throws like `uploadInfo`, and the server's errors. */
export async function fetchInfo(
  connection: Connection,
  address: UploadAddress,
  { retry = {}, signal, ...secrets }: Access & Secrets & { retry?: RetryOptions; signal?: AbortSignal | undefined },
): Promise<UploadInfo> {
  const look = () => fetchUpload(connection, address, secrets, signal)
  for (let attempt = 0; ; attempt += 1) {
    const found = await uploadInfo(address.server, await persistently(look, retry, signal), secrets)
    if (attempt === RECHECKS || !found.files.some(({ isForeign }) => isForeign)) return found
    await pause(RECHECK_MS, signal)
  }
}
