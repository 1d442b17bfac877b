import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import {
  armor,
  Decrypter,
  Encrypter,
  generateX25519Identity,
  identityToRecipient,
  type ReadableStreamWithSize,
} from 'age-encryption'
import { CHUNK_BYTES, NONCE_BYTES, sealedSize, TAG_BYTES } from './age-layout.ts'
import { fromBase64Url, toBase64Url } from './base64.ts'
import { MayflyError } from './errors.ts'
import { openBytes, sealBytes } from './sealed-bytes.ts'
import type { SizedSource } from './source.ts'

/**
 * Encryption by age (age-encryption.org/v1), in the same form as the page: the key alone is enough to decrypt everything with
 * `age -d -i`. The key is an X25519 identity, and is sent in no request. This module is large, so it is loaded by `import()` only
 * when needed.
 */

export const newKey = (): Promise<string> => generateX25519Identity()

async function encrypterFor(key: string): Promise<Encrypter> {
  const encrypter = new Encrypter()
  encrypter.addRecipient(await identityToRecipient(key))
  return encrypter
}

/** `key`: an identity, or a passphrase chosen with another client. */
function decrypterFor(key: string): Decrypter {
  const decrypter = new Decrypter()
  if (key.startsWith('AGE-SECRET-KEY-')) decrypter.addIdentity(key)
  else decrypter.addPassphrase(key)
  return decrypter
}

export async function sealText(text: string, key: string): Promise<string> {
  return armor.encode(await (await encrypterFor(key)).encrypt(text))
}

/** Throws `MayflyError` `wrong_key`. */
export async function openText(sealed: string, key: string): Promise<string> {
  try {
    return await decrypterFor(key).decrypt(armor.decode(sealed), 'text')
  } catch (error) {
    throw wrongKey(error)
  }
}

/** The ciphertext of a stream of unknown length. */
export async function sealStream(plain: ReadableStream<Uint8Array>, key: string): Promise<ReadableStream<Uint8Array>> {
  return (await encrypterFor(key)).encrypt(plain)
}

/**
 * Decrypts a stream; `size` is the length of the plaintext, which depends on the header. Rejects if the key is wrong; the stream
 * fails if anything is missing or was changed.
 */
export const openStream = (sealed: ReadableStream<Uint8Array>, key: string): Promise<ReadableStreamWithSize> =>
  decrypterFor(key).decrypt(sealed)

/** Throws unless `start`, the first bytes of a file, is the header of an age file that the key decrypts. */
export async function assertOpens(start: Uint8Array, key: string): Promise<void> {
  await decrypterFor(key).decryptHeader(headerOf(start))
}

export const wrongKey = (cause?: unknown): MayflyError =>
  new MayflyError({ code: 'wrong_key', detail: 'the key does not decrypt the data', cause })

/**
 * A file as age ciphertext, of which any part can be computed at any time, since age encrypts each 64 KiB separately (STREAM).
 * This makes encrypted uploads resumable. `head`: the header of an earlier attempt with the same bytes, else a new one is made.
 * It must never be used for different bytes: two plaintexts under one key and nonce reveal each other.
 */
export async function sealFile(
  plain: SizedSource,
  key: string,
  head?: string,
): Promise<{ source: SizedSource; head: string }> {
  const usedHead = head ?? (await newHead(key))
  const start = fromBase64Url(usedHead)
  const payload = await payloadKey(start, key)
  const size = sealedSize(plain.size, start.length)

  async function sealChunk(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const from = index * CHUNK_BYTES
    const chunk = new Uint8Array(await (await plain.slice(from, from + CHUNK_BYTES)).arrayBuffer())
    const isLast = from + CHUNK_BYTES >= plain.size
    return chacha20poly1305(payload, chunkNonce(index, isLast)).encrypt(chunk) as Uint8Array<ArrayBuffer>
  }

  async function slice(from: number, to: number): Promise<Blob> {
    const end = Math.min(to, size)
    const parts: Blob[] = from < start.length ? [new Blob([start.slice(from, Math.min(end, start.length))])] : []
    const sealedChunk = CHUNK_BYTES + TAG_BYTES
    let position = Math.max(from, start.length)
    while (position < end) {
      const index = Math.floor((position - start.length) / sealedChunk)
      const chunkStart = start.length + index * sealedChunk
      const chunk = await sealChunk(index)
      parts.push(new Blob([chunk.subarray(position - chunkStart, end - chunkStart)]))
      position = chunkStart + chunk.length
    }
    return new Blob(parts)
  }

  return { source: { size, slice }, head: usedHead }
}

/** The header and nonce of a new age file, base64url: an empty file without its only chunk, which is just a tag. */
export async function newHead(key: string): Promise<string> {
  const empty = await (await encrypterFor(key)).encrypt(new Uint8Array())
  return toBase64Url(empty.subarray(0, empty.length - TAG_BYTES))
}

async function payloadKey(head: Uint8Array, key: string): Promise<Uint8Array> {
  const fileKey = await decrypterFor(key).decryptHeader(headerOf(head))
  const nonce = head.subarray(head.length - NONCE_BYTES)
  return hkdf(sha256, fileKey, nonce, new TextEncoder().encode('payload'), 32)
}

/** Returns the bytes up to the end of the line that starts with `---`. */
function headerOf(start: Uint8Array): Uint8Array {
  const text = new TextDecoder('latin1').decode(start.subarray(0, 4096))
  const mac = text.indexOf('\n---')
  const end = text.indexOf('\n', mac + 1)
  if (mac === -1 || end === -1) throw wrongKey('not an age file')
  return start.subarray(0, end + 1)
}

/** An 11-byte big-endian counter, and a byte that marks the last chunk. */
function chunkNonce(index: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setBigUint64(3, BigInt(index))
  nonce[11] = isLast ? 1 : 0
  return nonce
}

const NAME_PURPOSE = 'mayfly file name'
const NAME_STEP_BYTES = 32
const NAME_ENDING = '.age'

/** Encrypts a name for the server, padded to hide its length. */
export function sealName(path: string, key: string): string {
  const plain = new TextEncoder().encode(path)
  const padded = new Uint8Array(Math.max(1, Math.ceil(plain.length / NAME_STEP_BYTES)) * NAME_STEP_BYTES)
  padded.set(plain)
  return toBase64Url(sealBytes(padded, key, NAME_PURPOSE)) + NAME_ENDING
}

/** Undefined: it was not encrypted with this key. */
export function openName(name: string, key: string): string | undefined {
  try {
    const padded = openBytes(fromBase64Url(bareName(name)), key, NAME_PURPOSE)
    return new TextDecoder().decode(padded).replace(/\0+$/, '')
  } catch {
    return undefined
  }
}

/** Removes the extension of names given by other clients, such as `plan.pdf.age`. */
export const bareName = (name: string): string =>
  name.endsWith(NAME_ENDING) ? name.slice(0, -NAME_ENDING.length) : name
