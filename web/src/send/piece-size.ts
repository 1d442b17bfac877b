import { remembered } from '../lib/browser-storage.ts'

/** Proxies commonly refuse requests of more than 100 MB. */
const LARGEST_BYTES = 32 * 1024 * 1024
const SMALLEST_BYTES = 64 * 1024

const stored = remembered('piece-bytes')
let bytes = Number(stored.get()) || LARGEST_BYTES

/** How much of a file goes in one request. */
export const pieceBytes = (): number => bytes

/** A proxy takes no requests of `refused` bytes: smaller ones from now on, on the next visit too. False: they can't be smaller. */
export function shrinkPieces(refused: number): boolean {
  if (refused <= SMALLEST_BYTES) return false
  bytes = Math.min(bytes, Math.max(SMALLEST_BYTES, Math.floor(refused / 2)))
  stored.set(`${bytes}`)
  return true
}
