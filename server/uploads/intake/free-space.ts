import type { BlobStore } from '../../../storage/blob-store.ts'
import type { SteadyClock } from '../../lib/clock.ts'
import { AppError } from '../../lib/errors.ts'

interface Dependencies {
  blobs: Pick<BlobStore, 'freeBytes'>
  steady: SteadyClock
  minFreeSpaceBytes: number
}

/** Space for an upload in progress. */
export interface SpaceReservation {
  /** To be called before `bytes` go to the store. Returns a promise when they have to wait; it may reject with `insufficient_storage`. */
  use: (bytes: number) => Promise<void> | undefined
  /** To be called once the bytes are stored, or are not going to be. */
  release: () => void
}

const CHECK_INTERVAL_MS = 1_000
/** Reserved at a time for an upload of unknown size. */
const STEP_BYTES = 16 * 1024 * 1024
/** What an upload may have passed on, but not yet written to the disk. */
const UNWRITTEN_BYTES = 4 * 1024 * 1024

export type AssertFreeSpace = ReturnType<typeof createFreeSpaceGuard>['assertFreeSpace']
export type ReserveSpace = ReturnType<typeof createFreeSpaceGuard>['reserveSpace']

/**
 * The database must always be able to commit, so new bytes are refused while there is still some space. What is free less what
 * uploads in progress have reserved never falls below the minimum, however many there are in this process.
 */
export function createFreeSpaceGuard({ blobs, steady, minFreeSpaceBytes }: Dependencies) {
  /** By uploads in progress, and not written to the disk yet. */
  let reserved = 0
  /** For more reservations, by the last look at the disk. */
  let available = 0
  let lookedAt = Number.NEGATIVE_INFINITY

  /** Throws `insufficient_storage`: with `bytes` more, less than the minimum would be free. */
  async function assertFreeSpace(bytes = 0): Promise<void> {
    if (isFresh() && fits(bytes)) return
    await look()
    if (!fits(bytes)) throw noSpace()
  }

  const isFresh = () => steady() - lookedAt < CHECK_INTERVAL_MS
  const fits = (bytes: number) => available >= bytes && available >= 0

  async function look(): Promise<void> {
    const free = (await blobs.freeBytes()) ?? Number.POSITIVE_INFINITY
    available = free - reserved - minFreeSpaceBytes
    lookedAt = steady()
  }

  /** Reserves space for an upload; `announced`: its bytes, if they are known. Throws `insufficient_storage`. */
  async function reserveSpace(announced = 0): Promise<SpaceReservation> {
    let granted = 0
    let used = 0
    let held = 0

    function hold(bytes: number): void {
      reserved += bytes - held
      held = bytes
    }

    /** Nothing may come between the check and what follows from it. */
    function grantNow(bytes: number): boolean {
      if (!fits(bytes)) return false
      granted += bytes
      available -= bytes
      hold(held + bytes)
      return true
    }

    async function grant(bytes: number): Promise<void> {
      if (isFresh() && grantNow(bytes)) return
      await look()
      if (!grantNow(bytes)) throw noSpace()
    }

    function use(bytes: number): Promise<void> | undefined {
      used += bytes
      hold(granted - Math.max(0, Math.min(used, granted) - UNWRITTEN_BYTES))
      const missing = used - granted
      return missing > 0 ? grant(Math.max(missing, STEP_BYTES)).catch(() => grant(missing)) : undefined
    }

    function release(): void {
      available += granted - Math.min(used, granted)
      hold(0)
    }

    await grant(announced)
    return { use, release }
  }

  return { assertFreeSpace, reserveSpace }
}

/** Passes bytes on while there is space for them; then it throws `insufficient_storage`. */
export async function* withSpace(
  bytes: AsyncIterable<Uint8Array>,
  space: SpaceReservation,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    const isWaiting = space.use(chunk.byteLength)
    if (isWaiting) await isWaiting
    yield chunk
  }
}

const noSpace = () => new AppError('no_space')
