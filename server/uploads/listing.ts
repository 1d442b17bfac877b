import type { StoredFile, Upload } from './upload.ts'

/** How lists of uploads may be sorted; `size`: by what can be downloaded of them, the last two by what was. */
export const UPLOAD_SORTS = ['date', 'size', 'downloads', 'downloadedBytes'] as const
export type UploadSort = (typeof UPLOAD_SORTS)[number]

/** What is left out is not asked about. */
export interface UploadFilter {
  /** Null: uploads that are nobody's. */
  userId?: string | null | undefined
  tokenId?: string | undefined
  oneShot?: boolean | undefined
  removable?: boolean | undefined
  stream?: boolean | undefined
  extendTtl?: boolean | undefined
  password?: boolean | undefined
  e2ee?: boolean | undefined
  /** In the message, or in the name of a file; whatever its case. */
  text?: string | undefined
}

export interface ListedUpload {
  upload: Upload
  files: StoredFile[]
}

/** What can be downloaded now. */
export interface Totals {
  uploads: number
  files: number
  totalSize: number
}
