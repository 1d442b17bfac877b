import type { Trx } from '../../database/transact.ts'

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

/** Keeps uploads without a whole file until then at least (epoch ms), since somebody sends one. */
export type SpareUploads = (trx: Trx, uploadIds: readonly string[], until: number) => Promise<void>
