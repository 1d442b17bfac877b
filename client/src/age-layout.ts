/** Layout of an age file: header, nonce, chunks with their tags (age-encryption.org/v1). */

export const CHUNK_BYTES = 64 * 1024
export const TAG_BYTES = 16
export const NONCE_BYTES = 16
/** Header for one X25519 recipient, and nonce. */
export const HEAD_BYTES = 184

/** An empty file also has one chunk. */
export const sealedSize = (plainSize: number, headBytes = HEAD_BYTES): number =>
  headBytes + plainSize + TAG_BYTES * Math.max(1, Math.ceil(plainSize / CHUNK_BYTES))

/** Size of the decrypted file; exact for files encrypted by this client or the page. */
export function openedSize(size: number): number {
  const payload = Math.max(0, size - HEAD_BYTES)
  return Math.max(0, payload - TAG_BYTES * Math.ceil(payload / (CHUNK_BYTES + TAG_BYTES)))
}

/** Number of decrypted bytes in the first `sealedEnd` bytes, including an incomplete chunk. */
export const openedEnd = (sealedEnd: number): number =>
  CHUNK_BYTES * Math.ceil(Math.max(0, sealedEnd - HEAD_BYTES) / (CHUNK_BYTES + TAG_BYTES))
