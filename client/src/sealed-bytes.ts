import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { randomBytes } from '@noble/hashes/utils.js'

/** Short texts that can be made or read only with the secret: ChaCha20-Poly1305 (RFC 8439), the nonce in front. */

const NONCE_BYTES = 12

/** `purpose`: each has a key of its own, so that nothing that is done with one touches that of the files or of another. */
export function sealBytes(plain: Uint8Array, secret: string, purpose: string): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  return new Uint8Array([...nonce, ...chacha20poly1305(keyFor(secret, purpose), nonce).encrypt(plain)])
}

/** Throws when the secret does not fit, or anything was changed. */
export function openBytes(sealed: Uint8Array, secret: string, purpose: string): Uint8Array {
  const nonce = sealed.subarray(0, NONCE_BYTES)
  return chacha20poly1305(keyFor(secret, purpose), nonce).decrypt(sealed.subarray(NONCE_BYTES))
}

const keyFor = (secret: string, purpose: string): Uint8Array =>
  hkdf(sha256, new TextEncoder().encode(secret), undefined, new TextEncoder().encode(purpose), 32)
