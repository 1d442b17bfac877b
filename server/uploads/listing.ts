import type { StoredFile, Upload } from './upload.ts'

/** Sort keys of upload lists. `size` counts available files, the last two count downloads. */
export const UPLOAD_SORTS = ['date', 'size', 'downloads', 'downloadedBytes'] as const
export type UploadSort = (typeof UPLOAD_SORTS)[number]

/** Undefined fields do not filter. */
export interface UploadFilter {
  /** Null: uploads without an owner. */
  userId?: string | null | undefined
  tokenId?: string | undefined
  oneShot?: boolean | undefined
  removable?: boolean | undefined
  stream?: boolean | undefined
  extendTtl?: boolean | undefined
  password?: boolean | undefined
  e2ee?: boolean | undefined
  /** Searched in the comments and the file names, ignoring case. */
  text?: string | undefined
}

export interface ListedUpload {
  upload: Upload
  files: StoredFile[]
}

/** Totals of the files that can be downloaded now. */
export interface Totals {
  uploads: number
  files: number
  totalSize: number
}
