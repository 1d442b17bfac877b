import type { Trx } from '../../database/transact.ts'
import { AppError } from '../../lib/errors.ts'

/** What lets a guest add a file to somebody else's upload. */
export interface GuestQuota {
  /** The file request that the guest uses. */
  requestId: string
  /**
   * How many bytes the file may have; `Infinity`: no limit. Throws when there is no room for it. Asked in the transaction
   * that adds the file's row, while nobody else can add one to the upload: what it finds is still so when the row is there.
   */
  grant: (trx: Trx) => Promise<number>
}

/** Passes the bytes of a file; throws `too_large` at the first one that was not granted. */
export function withinGrant(bytes: AsyncIterable<Uint8Array>, grantedBytes: number): AsyncIterable<Uint8Array> {
  return Number.isFinite(grantedBytes) ? counted(bytes, grantedBytes) : bytes
}

async function* counted(bytes: AsyncIterable<Uint8Array>, grantedBytes: number): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.byteLength
    if (size > grantedBytes) throw noMore()
    yield chunk
  }
}

const noMore = () => new AppError('file_request_space_exceeded')

/** Keeps uploads without a whole file until then at least (epoch ms), since somebody sends one. */
export type SpareUploads = (trx: Trx, uploadIds: readonly string[], until: number) => Promise<void>
