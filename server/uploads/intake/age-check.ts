import { AppError } from '../../lib/errors.ts'
import { readHead } from './read-head.ts'

/** Whatever was encrypted, its ciphertext is nothing but bytes. */
export const CIPHERTEXT_TYPE = 'application/octet-stream'

/** How a file in the age format begins (age-encryption.org/v1): binary with a first recipient, or armored. */
const HEADS = ['age-encryption.org/v1\n-> ', '-----BEGIN AGE ENCRYPTED FILE-----']
const HEAD_BYTES = Math.max(...HEADS.map((head) => head.length))

/**
 * The bytes as they come, once they have begun as age ciphertext does; throws `bad_request` when they don't. Plik's page
 * adds plaintext to encrypted uploads (issue #791): here no client can, and nobody is shown a lock that is none.
 */
export async function onlyAge(source: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const { head, bytes, leave } = await readHead(source, HEAD_BYTES)
  if (HEADS.some((start) => head.toString('latin1').startsWith(start))) return bytes
  leave()
  throw new AppError('not_encrypted')
}
