/** The server's JSON, as far as this client uses it; described in `docs/api.md`. */

export interface UploadJson {
  id: string
  /** Seconds; negative: forever. */
  ttl: number
  comments: string
  files: FileJson[] | null
  uploadToken?: string
  stream: boolean
  oneShot: boolean
  removable: boolean
  maxDownloads?: number
  e2ee?: string
  /** The encrypted manifest of an encrypted upload. */
  manifest?: string
  protectedByPassword: boolean
  createdAt: string
  expireAt: string | null
  /** URL for downloads, if one is configured. */
  downloadURL?: string
}

export interface FileJson {
  id: string
  fileName: string
  status: FileStatus | (string & {})
  fileType: string
  fileSize: number
  reference: string
  createdAt: string
  downloadsLeft?: number
  downloadCount?: number
}

export type FileStatus = 'missing' | 'uploading' | 'uploaded' | 'removed' | 'deleted'

export interface FileRequestJson {
  id: string
  title: string
  comments: string
  status: 'open' | 'full' | 'expired' | 'revoked' | (string & {})
  maxFiles?: number
  maxSize?: number
  filesAdded: number
  bytesAdded: number
  createdAt: string
  expireAt: string | null
}

/** What guests can see of a file request. */
export interface InvitationJson {
  title: string
  comments: string
  status: 'open' | 'full' | (string & {})
  /** -1: no limit. */
  maxFileSize: number
  filesLeft?: number
  bytesLeft?: number
  normalize?: boolean
  e2ee?: string
  expireAt: string | null
}
