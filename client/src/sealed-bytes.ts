import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { randomBytes } from '@noble/hashes/utils.js'

/** Encrypts short texts with the secret: ChaCha20-Poly1305 (RFC 8439), prefixed by the nonce. */

const NONCE_BYTES = 12

/** `purpose`: each has its own derived key, independent of those of files and of other purposes. */
export function sealBytes(plain: Uint8Array, secret: string, purpose: string): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  return new Uint8Array([...nonce, ...chacha20poly1305(keyFor(secret, purpose), nonce).encrypt(plain)])
}

/** Throws if the secret is wrong or the bytes were changed. */
export function openBytes(sealed: Uint8Array, secret: string, purpose: string): Uint8Array {
  const nonce = sealed.subarray(0, NONCE_BYTES)
  return chacha20poly1305(keyFor(secret, purpose), nonce).decrypt(sealed.subarray(NONCE_BYTES))
}

const keyFor = (secret: string, purpose: string): Uint8Array =>
  hkdf(sha256, new TextEncoder().encode(secret), undefined, new TextEncoder().encode(purpose), 32)
