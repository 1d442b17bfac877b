import type { Upload } from '../uploads/upload.ts'

/** An invitation to add files to an upload, for whoever holds its token. Times are epoch ms. */
export interface FileRequest {
  id: string
  uploadId: string
  /** SHA-256 of the request token, hexadecimal. */
  tokenHash: string
  /** What guests are told: who asks, and for what. */
  title: string
  comments: string
  /** Null: no limit. */
  maxFiles: number | null
  /** Of all its files together, as they were sent; null: no limit. */
  maxBytes: number | null
  createdAt: number
  /** Null: ends with the upload. */
  expiresAt: number | null
  revokedAt: number | null
}

/** Files that came by a request, and their bytes as they were sent. */
export interface Usage {
  files: number
  bytes: number
}

export const NOTHING: Usage = { files: 0, bytes: 0 }

export type RequestStatus = 'open' | 'full' | 'expired' | 'revoked'

/** A request as whoever administers the upload sees it. */
export interface ListedRequest {
  request: FileRequest
  status: RequestStatus
  /** Without what is still coming in. */
  arrived: Usage
}

/** What a guest is told of. */
export interface Invitation {
  request: FileRequest
  upload: Upload
  status: RequestStatus
  /** `Infinity`: no limit. What is still coming in has its place. */
  left: Usage
  maxFileSizeBytes: number
}
