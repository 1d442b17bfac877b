import type { Trx } from '../database/transact.ts'
import type { Sender } from '../lib/sender.ts'

/** A file, or a part of one, that comes in over several requests. Times are epoch ms. */
export interface ResumableUpload {
  /** SHA-256 of the secret in its URL, hexadecimal. */
  id: string
  status: 'open' | 'finished'
  /** Null: a part that becomes a file only together with others. */
  uploadId: string | null
  fileId: string | null
  /** The upload was made for it and goes with it. */
  ownsUpload: boolean
  /** Null: the bytes belong to the file by now. */
  blobKey: string | null
  /** Bytes; null: not known yet. */
  size: number | null
  /** The most that it may have, where that is limited. */
  maxSize: number | null
  /** How many bytes were received. */
  offset: number
  /** Of the store about the unfinished blob; null: nothing was stored yet. */
  notes: string | null
  /** As the client sent it, to be shown to it again. */
  metadata: string
  /** As the client sent it: what part it has in a concatenation; empty: none. */
  concat: string
  /** What the client says that the whole is, hexadecimal. */
  sha256: string | null
  createdAt: number
  expiresAt: number
  /** An earlier writer did not release the lease, as when its process was frozen, and may write to the blob at any time. */
  isTorn: boolean
  /** Of a guest's part: by which request it is sent. */
  requestId: string | null
  /** Whose quota it uses; null: nobody's. */
  userId: string | null
  /** Bytes of that quota which it holds until it is finished or deleted. */
  reserved: number
}

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
