import { AppError } from '../../lib/errors.ts'
import { readHead } from './read-head.ts'

/** The content type of all encrypted files, since the type of the plaintext is unknown. */
export const CIPHERTEXT_TYPE = 'application/octet-stream'

/** How a file in the age format begins (age-encryption.org/v1): binary with a first recipient, or armored. */
const HEADS = ['age-encryption.org/v1\n-> ', '-----BEGIN AGE ENCRYPTED FILE-----']
const HEAD_BYTES = Math.max(...HEADS.map((head) => head.length))

/**
 * Passes the bytes on if they begin like age ciphertext; otherwise throws `bad_request`. Plik's page adds plaintext to
 * encrypted uploads (issue #791); here no client can, so an upload shown as encrypted is encrypted.
 */
export async function onlyAge(source: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const { head, bytes, leave } = await readHead(source, HEAD_BYTES)
  if (HEADS.some((start) => head.toString('latin1').startsWith(start))) return bytes
  leave()
  throw new AppError('not_encrypted')
}
