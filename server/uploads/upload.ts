import type { Row } from '../database/schema.ts'

/** Options and files that are shared by one link. */
export type Upload = Row<'uploads'>

/** One file of an upload. */
export type StoredFile = Row<'files'>

/** Download counts of an upload or a file. */
export interface Downloaded {
  count: number
  bytes: number
  /** Undefined if it was never downloaded completely. */
  lastAt: number | undefined
}

/** Measurements of stored bytes. Digests are hexadecimal. */
export type Measured = Pick<StoredFile, 'size' | 'type' | 'md5' | 'sha256' | 'crc32' | 'image'> & { blobKey: string }

/** A file that a client declares before it sends its bytes; `size` 0 means unknown. */
export type DeclaredFile = Pick<StoredFile, 'name' | 'size' | 'type' | 'reference'>
