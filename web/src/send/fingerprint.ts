import { toBase64Url } from '../../../client/src/base64.ts'
import type { Source } from './transport.ts'

/**
 * What the start of a file was when it was sent, in a few bytes: each block's SHA-256 is taken over the digest before it and the
 * block, so the last one stands for all of them. It is noted before any of these bytes leave, so that whatever was sent can be
 * told from another file of the same name, size and time.
 */
export interface Fingerprint {
  blocks: number
  digest: string
}

export const NOTHING_SENT: Fingerprint = { blocks: 0, digest: '' }

const BLOCK_BYTES = 4 * 1024 * 1024
/** So much is noted before it is needed: sending need not wait, and what a browser that crashes had not yet written down is little. */
const AHEAD_BYTES = 128 * 1024 * 1024

/** How many bytes it stands for. */
export const coveredBy = ({ blocks }: Fingerprint, size: number): number => Math.min(blocks * BLOCK_BYTES, size)

async function withNextBlock(bytes: Blob, { blocks, digest }: Fingerprint): Promise<Fingerprint> {
  const start = blocks * BLOCK_BYTES
  const text = await new Blob([digest, bytes.slice(start, start + BLOCK_BYTES)]).arrayBuffer()
  return { blocks: blocks + 1, digest: toBase64Url(await sha256(text)) }
}

/** Over plain HTTP browsers have none of their own. */
async function sha256(bytes: ArrayBuffer): Promise<Uint8Array> {
  if (globalThis.crypto.subtle) return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return (await import('@noble/hashes/sha2.js')).sha256(new Uint8Array(bytes))
}

/** Whether `bytes` begin with what the fingerprint was taken of. */
export async function beginsWith(bytes: Blob, fingerprint: Fingerprint): Promise<boolean> {
  let found = NOTHING_SENT
  while (found.blocks < fingerprint.blocks && coveredBy(found, bytes.size) < bytes.size)
    found = await withNextBlock(bytes, found)
  return found.blocks === fingerprint.blocks && found.digest === fingerprint.digest
}

/** A file of which nothing is handed out before `note` was told its fingerprint up to there. `known`: up to where it was told before. */
export function notedSource(bytes: Blob, known: Fingerprint, note: (fingerprint: Fingerprint) => void): Source {
  let fingerprint = known
  let work = Promise.resolve()

  function reach(end: number): Promise<void> {
    work = work.catch(() => {}).then(() => extendTo(end))
    return work
  }

  async function extendTo(end: number): Promise<void> {
    const wanted = Math.min(end, bytes.size)
    if (coveredBy(fingerprint, bytes.size) >= wanted) return
    while (coveredBy(fingerprint, bytes.size) < wanted) fingerprint = await withNextBlock(bytes, fingerprint)
    note(fingerprint)
  }

  return {
    size: bytes.size,
    slice: async (start, end) => {
      await reach(end)
      reach(end + AHEAD_BYTES).catch(() => {}) // whoever needs it is told
      return bytes.slice(start, end)
    },
  }
}
