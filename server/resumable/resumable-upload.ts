import type { Row } from '../database/schema.ts'
import type { Trx } from '../database/transact.ts'
import type { Sender } from '../lib/sender.ts'

/** A file, or a part of one, that is received over several requests. */
export type ResumableUpload = Omit<Row<'resumables'>, RenamedColumn | LeaseColumn> & {
  /** Bytes; null: not known yet. */
  size: number | null
  /** The size limit; null: none. */
  maxSize: number | null
  /** The number of received bytes. */
  offset: number
}
type RenamedColumn = 'length' | 'maxLength' | 'received'
type LeaseColumn = 'writer' | 'leaseUntil' | 'isWanted'

/** Whether all bytes were received, although the file may not be finished yet. */
export const isComplete = ({ offset, size }: Pick<ResumableUpload, 'offset' | 'size'>): boolean => offset === size

/** Bytes to append at `offset`. */
export interface Chunk {
  sender?: Sender
  offset: number
  bytes: AsyncIterable<Uint8Array>
  /** The number of bytes, if it is known. */
  size: number | undefined
  /** The size of the whole file, if the client announces it only now. */
  uploadSize?: number | undefined
  /** The file ends with these bytes, whatever their number. */
  isLast?: boolean | undefined
  /** A digest of these bytes, sent by the client: they are accepted completely or not at all. */
  check?: ChunkCheck | undefined
  /** The finished parts that the bytes are read from. */
  parts?: JoinedParts | undefined
}

/** Parts that are joined to one file. They hold their quota until the file exists, and are deleted with its creation. */
export interface JoinedParts {
  ids: readonly string[]
  /** Called in the transaction that creates the file; throws if a part is no longer usable. */
  end: (trx: Trx) => Promise<void>
}

export interface ChunkCheck {
  add: (chunk: Uint8Array) => void
  /** Throws if the digest does not match. */
  end: () => void
}
