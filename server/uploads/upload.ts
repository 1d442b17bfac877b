import type { Row } from '../database/schema.ts'

/** What one link shares: options and files. */
export type Upload = Row<'uploads'>

/** One entry of an upload. */
export type StoredFile = Row<'files'>

/** Download counts of an upload or a file. */
export interface Downloaded {
  count: number
  bytes: number
  /** Undefined if it was never downloaded completely. */
  lastAt: number | undefined
}

/** What reading the bytes told that are stored. Digests are hexadecimal. */
export type Measured = Pick<StoredFile, 'size' | 'type' | 'md5' | 'sha256' | 'crc32' | 'image'> & { blobKey: string }

/** A file that a client announces before it sends its bytes; `size` 0 means unknown. */
export type DeclaredFile = Pick<StoredFile, 'name' | 'size' | 'type' | 'reference'>
