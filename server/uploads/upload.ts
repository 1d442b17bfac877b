import type { FileFault, FileStatus, UploadStatus } from '../database/schema.ts'
import type { ImageReport, VideoReport } from '../images/pipeline/image.ts'

/** What one link shares: options and files. Times are epoch ms. */
export interface Upload {
  id: string
  status: UploadStatus
  /** SHA-256 of the upload token, hexadecimal. */
  tokenHash: string
  createdAt: number
  /** Null: never. */
  expiresAt: number | null
  /** When its first file was whole: then its time began anew. Null: none was, and it is spared while one comes in. */
  startedAt: number | null
  /** As granted; zero or less: never expires. */
  ttlSeconds: number
  extendTtl: boolean
  oneShot: boolean
  removable: boolean
  stream: boolean
  /** Images lose their metadata on the way in. */
  normalize: boolean
  /** The sender encrypts: nothing but age ciphertext is taken. Null: not encrypted. */
  e2ee: 'age' | null
  /** Complete copies that each file may be downloaded; null: no limit. */
  downloadLimit: number | null
  comments: string
  /** With `passwordHash`: the user name of the Basic challenge. */
  login: string | null
  passwordHash: string | null
  sourceAddress: string
  /** Whose it is; null: nobody's. */
  userId: string | null
  /** The API token that created it, revoked or not. */
  tokenId: string | null
}

/** One entry of an upload. `type` and `size` are what was declared until the file is `uploaded`. */
export interface StoredFile {
  id: string
  uploadId: string
  /** Order within the upload, from 1. */
  position: number
  status: FileStatus
  name: string
  /** Free text by which a client recognises the file that it declared. */
  reference: string
  createdAt: number
  type: string
  size: number
  md5: string
  sha256: string
  crc32: number
  /** Set from `uploaded` until the bytes are deleted. */
  blobKey: string | null
  uploadedAt: number | null
  claimsTaken: number
  claimsSpent: number
  /** What was done to an image or a video; null: it is none, or was left alone. */
  image: ImageReport | VideoReport | null
  /** Of a stream: where its sender is held (`stream-exchange.ts`); null: it has none. */
  heldBy: string | null
  /** The request by which a guest added it; null: it is the uploader's own. */
  requestId: string | null
  /** What a check found to be wrong with the stored bytes; null: nothing. */
  fault: FileFault | null
}

/** What was counted of an upload or a file. */
export interface Downloaded {
  count: number
  bytes: number
  /** Undefined: never, though parts may have been. */
  lastAt: number | undefined
}

/** What reading the bytes told that are stored. Digests are hexadecimal. */
export interface Measured {
  blobKey: string
  size: number
  type: string
  md5: string
  sha256: string
  crc32: number
  image: ImageReport | VideoReport | null
}

/** A file that a client announces before it sends its bytes; `size` 0 means unknown. */
export interface DeclaredFile {
  name: string
  size: number
  type: string
  reference: string
}
