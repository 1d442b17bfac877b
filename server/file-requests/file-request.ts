import type { Row } from '../database/schema.ts'
import type { Upload } from '../uploads/upload.ts'

/** An invitation to add files to an upload, for whoever holds its token. */
export type FileRequest = Row<'fileRequests'>

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
