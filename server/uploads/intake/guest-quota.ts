import type { Trx } from '../../database/transact.ts'

/** The right of a guest to add a file to another user's upload. */
export interface GuestQuota {
  /** The file request that the guest uses. */
  requestId: string
  /**
   * Returns how many bytes the file may have; `Infinity`: no limit. Throws if there is no room for it. Called in the
   * transaction that adds the file's row, while no other transaction can add files to the upload, so the result is still
   * true at commit.
   */
  grant: (trx: Trx) => Promise<number>
}

/** Keeps uploads that have no complete file until `until` (epoch ms) at least, because a file is being sent. */
export type SpareUploads = (trx: Trx, uploadIds: readonly string[], until: number) => Promise<void>
