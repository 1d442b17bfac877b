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
  /**
   * Call before writing `bytes` to the store. If it returns a promise, await it before writing; it may reject with
   * `insufficient_storage`.
   */
  use: (bytes: number) => Promise<void> | undefined
  /** Call once the bytes are stored or discarded. */
  release: () => void
}

const CHECK_INTERVAL_MS = 1_000
/** Step in which space is reserved for an upload of unknown size. */
const STEP_BYTES = 16 * 1024 * 1024
/** Bytes of an upload that may have been passed to the store but not yet written to the disk. */
const UNWRITTEN_BYTES = 4 * 1024 * 1024

export type AssertFreeSpace = ReturnType<typeof createFreeSpaceGuard>['assertFreeSpace']
export type ReserveSpace = ReturnType<typeof createFreeSpaceGuard>['reserveSpace']

/**
 * Reserves disk space. The database must always be able to commit, so new bytes are rejected before the disk is full: the
 * free space minus the reservations of all uploads in progress in this process never falls below the minimum.
 */
export function createFreeSpaceGuard({ blobs, steady, minFreeSpaceBytes }: Dependencies) {
  /** Bytes reserved by uploads in progress and not yet written to the disk. */
  let reserved = 0
  /** Bytes that could still be reserved when the disk was last checked. */
  let available = 0
  let lookedAt = Number.NEGATIVE_INFINITY

  /** Throws `insufficient_storage` if `bytes` more would leave less than the minimum free. */
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

  /** Reserves space for an upload of `announced` bytes (0: unknown). Throws `insufficient_storage`. */
  async function reserveSpace(announced = 0): Promise<SpaceReservation> {
    let granted = 0
    let used = 0
    let held = 0

    function hold(bytes: number): void {
      reserved += bytes - held
      held = bytes
    }

    /** Synchronous, so that no other upload reserves space between the check and the reservation. */
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

/** Passes bytes on while there is space for them; then throws `insufficient_storage`. */
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
