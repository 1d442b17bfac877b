import { toBase64Url } from './base64.ts'
import { sha256Of } from './sha256.ts'
import type { SizedSource } from './source.ts'

/**
 * A hash chain over the blocks at the start of a file: each block's SHA-256 includes the digest before it, so the last one covers
 * all of them. It is stored before any of these bytes are sent, so that another file of the same name, size and time is detected
 * when the upload is resumed.
 */
export interface Fingerprint {
  blocks: number
  digest: string
}

export const NOTHING_SENT: Fingerprint = { blocks: 0, digest: '' }

const BLOCK_BYTES = 4 * 1024 * 1024
/** How far the fingerprint is computed ahead, so that sending does not wait for it to be stored. */
const AHEAD_BYTES = 128 * 1024 * 1024

/** Number of bytes that it covers. */
export const coveredBy = ({ blocks }: Fingerprint, size: number): number => Math.min(blocks * BLOCK_BYTES, size)

async function withNextBlock(source: SizedSource, { blocks, digest }: Fingerprint): Promise<Fingerprint> {
  const start = blocks * BLOCK_BYTES
  const text = await new Blob([digest, await source.slice(start, start + BLOCK_BYTES)]).arrayBuffer()
  return { blocks: blocks + 1, digest: toBase64Url(await sha256Of(text)) }
}

/** Whether the file begins with the bytes covered by the fingerprint. */
export async function beginsWith(source: SizedSource, fingerprint: Fingerprint): Promise<boolean> {
  let found = NOTHING_SENT
  while (found.blocks < fingerprint.blocks && coveredBy(found, source.size) < source.size)
    found = await withNextBlock(source, found)
  return found.blocks === fingerprint.blocks && found.digest === fingerprint.digest
}

/** A source that returns bytes only after `note` has stored the fingerprint that covers them. `known`: the fingerprint stored earlier. */
export function notedSource(
  source: SizedSource,
  known: Fingerprint,
  note: (fingerprint: Fingerprint) => void | Promise<void>,
): SizedSource {
  let fingerprint = known
  let work = Promise.resolve()

  function reach(end: number): Promise<void> {
    work = work.catch(() => {}).then(() => extendTo(Math.min(end, source.size)))
    return work
  }

  async function extendTo(end: number): Promise<void> {
    if (coveredBy(fingerprint, source.size) >= end) return
    while (coveredBy(fingerprint, source.size) < end) fingerprint = await withNextBlock(source, fingerprint)
    await note(fingerprint)
  }

  return {
    size: source.size,
    slice: async (start, end) => {
      await reach(end)
      reach(end + AHEAD_BYTES).catch(() => {}) // the slice that needs it rejects
      return source.slice(start, end)
    },
  }
}
