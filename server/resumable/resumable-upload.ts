import type { Row } from '../database/schema.ts'
import type { Trx } from '../database/transact.ts'
import type { Sender } from '../lib/sender.ts'

/** A file, or a part of one, that comes in over several requests. */
export type ResumableUpload = Omit<Row<'resumables'>, RenamedColumn | LeaseColumn> & {
  /** Bytes; null: not known yet. */
  size: number | null
  /** The most that it may have, where that is limited. */
  maxSize: number | null
  /** How many bytes were received. */
  offset: number
}
type RenamedColumn = 'length' | 'maxLength' | 'received'
type LeaseColumn = 'writer' | 'leaseUntil' | 'isWanted'

/** Whether all bytes are there, although the file may not be finished yet. */
export const isComplete = ({ offset, size }: Pick<ResumableUpload, 'offset' | 'size'>): boolean => offset === size

/** More bytes, from `offset` on. */
export interface Chunk {
  sender?: Sender
  offset: number
  bytes: AsyncIterable<Uint8Array>
  /** Bytes that will come, where that is known. */
  size: number | undefined
  /** Of the whole, when the client knows it only now. */
  uploadSize?: number | undefined
  /** The whole ends with these bytes, however many they are. */
  isLast?: boolean | undefined
  /** What the client says of these bytes alone: then all of them are taken, or none. */
  check?: ChunkCheck | undefined
  /** The finished parts that the bytes are read from. */
  parts?: JoinedParts | undefined
}

/** Parts that one file is made of. They hold the quota until it is there, and end with it. */
export interface JoinedParts {
  ids: readonly string[]
  /** Called in the transaction that makes the file; throws when one of them can't be used any more. */
  end: (trx: Trx) => Promise<void>
}

export interface ChunkCheck {
  add: (chunk: Uint8Array) => void
  /** Throws when the bytes were others. */
  end: () => void
}
