import { randomFillSync } from 'node:crypto'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** 62 × 4: a byte at or above would favour the first letters of the alphabet, so it is discarded. */
const UNBIASED = 248

/** Filled anew when used up: one call for 4 KiB costs what one for 16 bytes does. No byte is handed out twice. */
const pool = Buffer.alloc(4096)
let used = pool.length

/** Valid until the next call. */
function randomBytes(count: number): Buffer {
  if (used + count > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += count
  return pool.subarray(used - count, used)
}

/** Ids of uploads, files and requests: 16 characters of `[A-Za-z0-9]`, 95 bits. */
export const newId = (): string => randomText(16)

/** Whether a text could be an id. Other texts are not looked up: PostgreSQL fails on a NUL. */
export const isId = (text: string): boolean => /^[A-Za-z0-9]{16}$/.test(text)

/** Upload tokens: 32 characters of `[A-Za-z0-9]`, 190 bits. */
export const newToken = (): string => randomText(32)

/** For this long, all new blobs of a local store go into the same folder. */
const FOLDER_MS = 250

/**
 * Blob keys: 32 lower-case hexadecimal characters, safe on file systems that ignore case. 120 bits are random. The first two
 * characters, which are the name of the folder in a local store, follow the clock: one sync of a folder then serves all files that
 * are stored at the same time (32 connections, 1 KiB, ext4: a fifth more uploads, 13 % less CPU).
 */
export function newBlobKey(): string {
  const bytes = randomBytes(16)
  bytes[0] = Math.floor(Date.now() / FOLDER_MS) % 256
  return bytes.toString('hex')
}

function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < UNBIASED && text.length < length) text += ALPHABET[byte % ALPHABET.length]
    }
  }
  return text
}
