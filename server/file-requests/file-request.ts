import type { Row } from '../database/schema.ts'
import type { Upload } from '../uploads/upload.ts'

/** A link by which guests add files to an upload; access needs only its token. */
export type FileRequest = Row<'fileRequests'>

/** The number of files added through a request, and their size as sent. */
export interface Usage {
  files: number
  bytes: number
}

export const NOTHING: Usage = { files: 0, bytes: 0 }

export type RequestStatus = 'open' | 'full' | 'expired' | 'revoked'

/** A request as the uploader sees it. */
export interface ListedRequest {
  request: FileRequest
  status: RequestStatus
  /** Excludes files that are still being uploaded. */
  arrived: Usage
}

/** A request as guests see it. */
export interface Invitation {
  request: FileRequest
  upload: Upload
  status: RequestStatus
  /** `Infinity`: no limit. Files that are still being uploaded count as used. */
  left: Usage
  maxFileSizeBytes: number
}
