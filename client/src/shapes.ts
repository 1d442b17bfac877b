/** JSON of the server, as far as this client reads it; `docs/api.md` describes it. */

export interface UploadJson {
  id: string
  /** Seconds; negative: for ever. */
  ttl: number
  comments: string
  files: FileJson[] | null
  uploadToken?: string
  stream: boolean
  oneShot: boolean
  removable: boolean
  maxDownloads?: number
  e2ee?: string
  /** What the sender of an encrypted upload says is in it, sealed. */
  manifest?: string
  protectedByPassword: boolean
  createdAt: string
  expireAt: string | null
  /** Where files are downloaded from, when that is configured. */
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

/** What a guest is told. */
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
