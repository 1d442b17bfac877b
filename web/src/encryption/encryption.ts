import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { armor, Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import type { Source } from '../sending/transport.ts'
import { fromBase64Url, toBase64Url } from './base64.ts'
import { CHUNK_BYTES, NONCE_BYTES, sealedSize, TAG_BYTES } from './layout.ts'
import { openBytes, sealBytes } from './sealed-bytes.ts'
import { isIdentity } from './secret.ts'

/**
 * age (age-encryption.org/v1): whoever has the secret opens everything with `age -d -i`, no page needed. The secret is an
 * X25519 identity, and never leaves the browser but in the fragment of a link.
 */

export const newSecret = (): Promise<string> => generateX25519Identity()

async function encrypterFor(secret: string): Promise<Encrypter> {
  const encrypter = new Encrypter()
  encrypter.addRecipient(await identityToRecipient(secret))
  return encrypter
}

function decrypterFor(secret: string): Decrypter {
  const decrypter = new Decrypter()
  if (isIdentity(secret)) decrypter.addIdentity(secret)
  else decrypter.addPassphrase(secret)
  return decrypter
}

export async function sealText(text: string, secret: string): Promise<string> {
  return armor.encode(await (await encrypterFor(secret)).encrypt(text))
}

/** Throws when the secret does not fit. */
export const openText = async (sealed: string, secret: string): Promise<string> =>
  decrypterFor(secret).decrypt(armor.decode(sealed), 'text')

/**
 * The plaintext of a stream of `sealedSize` bytes of ciphertext, and its size, which depends on the header. It fails when the
 * secret does not fit or anything is missing or changed.
 */
export async function openStream(sealed: ReadableStream<Uint8Array>, secret: string, sealedSize: number) {
  const bytes = await decrypterFor(secret).decrypt(sealed)
  return { bytes, size: bytes.size(sealedSize) }
}

/** Throws unless `start`, the first bytes of a file, is the header of an age file that the secret opens. */
export async function assertOpens(start: Uint8Array, secret: string): Promise<void> {
  await decrypterFor(secret).decryptHeader(headerOf(start))
}

/**
 * A file as its age ciphertext, any part of which can be had at any time, since age encrypts each 64 KiB for itself (STREAM):
 * that is what makes an encrypted upload resumable. `head`: of the same bytes before, else a new one is made. It must never serve
 * for other bytes: two texts under one key and nonce open each other.
 */
export async function sealFile(
  bytes: Source,
  secret: string,
  head?: string,
): Promise<{ source: Source; head: string }> {
  const start = head === undefined ? await newHead(secret) : fromBase64Url(head)
  const key = await payloadKey(start, secret)
  const size = sealedSize(bytes.size, start.length)

  async function sealChunk(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const from = index * CHUNK_BYTES
    const plain = new Uint8Array(await (await bytes.slice(from, from + CHUNK_BYTES)).arrayBuffer())
    const isLast = from + CHUNK_BYTES >= bytes.size
    return chacha20poly1305(key, chunkNonce(index, isLast)).encrypt(plain) as Uint8Array<ArrayBuffer>
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

  return { source: { size, slice }, head: toBase64Url(start) }
}

/** The header and nonce of a new age file: an empty one without its only chunk, which is nothing but a tag. */
async function newHead(secret: string): Promise<Uint8Array<ArrayBuffer>> {
  const empty = await (await encrypterFor(secret)).encrypt(new Uint8Array())
  return new Uint8Array(empty.subarray(0, empty.length - TAG_BYTES))
}

async function payloadKey(head: Uint8Array, secret: string): Promise<Uint8Array> {
  const fileKey = await decrypterFor(secret).decryptHeader(headerOf(head))
  const nonce = head.subarray(head.length - NONCE_BYTES)
  return hkdf(sha256, fileKey, nonce, new TextEncoder().encode('payload'), 32)
}

/** Up to the end of the line that starts with `---`. */
function headerOf(start: Uint8Array): Uint8Array {
  const text = new TextDecoder('latin1').decode(start.subarray(0, 4096))
  const mac = text.indexOf('\n---')
  const end = text.indexOf('\n', mac + 1)
  if (mac === -1 || end === -1) throw new Error('not an age file')
  return start.subarray(0, end + 1)
}

/** Eleven bytes that count, big-endian, and one that marks the last chunk. */
function chunkNonce(index: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setBigUint64(3, BigInt(index))
  nonce[11] = isLast ? 1 : 0
  return nonce
}

const NAME_PURPOSE = 'mayfly file name'
const NAME_STEP_BYTES = 32
const NAME_ENDING = '.age'

/** A name for the server, from which nothing can be told, and of the length only so much. */
export function sealName(path: string, secret: string): string {
  const plain = new TextEncoder().encode(path)
  const padded = new Uint8Array(Math.max(1, Math.ceil(plain.length / NAME_STEP_BYTES)) * NAME_STEP_BYTES)
  padded.set(plain)
  return toBase64Url(sealBytes(padded, secret, NAME_PURPOSE)) + NAME_ENDING
}

/** Throws when the secret does not fit. */
export function openName(name: string, secret: string): string {
  const sealed = fromBase64Url(name.slice(0, -NAME_ENDING.length))
  return new TextDecoder().decode(openBytes(sealed, secret, NAME_PURPOSE)).replace(/\0+$/, '')
}
