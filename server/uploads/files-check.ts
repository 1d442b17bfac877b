import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import pLimit from 'p-limit'
import type { BlobKey, BlobStore } from '../../storage/blob-store.ts'
import type { FileFault } from '../database/schema.ts'
import type { Clock } from '../lib/clock.ts'
import { kindOf } from '../lib/errors.ts'
import type { FilesCheckRepo, StoredBytes } from './files-check-repo.ts'
import type { StoreOwnership } from './store-ownership.ts'
import type { Work } from './uploads-expiry.ts'

interface Dependencies {
  repo: FilesCheckRepo
  /** Throws if the blobs belong to another database: intact files would look broken. */
  assertOwned: StoreOwnership['assertOwned']
  blobs: BlobStore
  clock: Clock
}

const BATCH = 500
const looks = pLimit(16)
/** Small, so that a killed run has little to repeat. */
const VERIFY_BATCH = 20
const DAY_MS = 24 * 60 * 60 * 1000

export type FilesCheck = ReturnType<typeof createFilesCheck>

/** Checks that the store has what the database promises. Deletes only derived images, which can be made again. */
export function createFilesCheck({ repo, assertOwned, blobs, clock }: Dependencies) {
  /** Checks that each file's blob exists and has the right size. Clears the fault of files that are intact again. */
  async function checkLinks({ signal, count = () => {} }: Work = {}) {
    await assertOwned()
    const report = { checked: 0, missing: 0, size: 0, healed: 0, variants: 0 }
    for (let batch = await repo.listStored('', BATCH); batch.length > 0; ) {
      const found = await looks.map(batch, async (file) => ({ ...file, fault: await faultOf(file) }))
      const changed = found.filter(({ fault }, index) => fault !== batch[index]?.fault)
      count({ files: batch.length, rows: await repo.noteFaults(changed) })
      report.checked += batch.length
      report.missing += found.filter(({ fault }) => fault === 'missing').length
      report.size += found.filter(({ fault }) => fault === 'size').length
      report.healed += changed.filter(({ fault }) => fault === null).length
      signal?.throwIfAborted()
      batch = await repo.listStored(batch.at(-1)?.id ?? '', BATCH)
    }
    report.variants = await forgetBrokenVariants({ ...(signal && { signal }), count })
    return report
  }

  /** Only reading the whole blob can show whether its digest is wrong. */
  async function faultOf({ blobKey, size, fault }: StoredBytes): Promise<FileFault | null> {
    const actual = await sizeOf(blobKey)
    if (actual === undefined) return 'missing'
    if (actual !== size) return 'size'
    return fault === 'digest' ? 'digest' : null
  }

  /** Restores a blob from quarantine if a file needs it, as after restoring a backup. */
  async function sizeOf(key: BlobKey): Promise<number | undefined> {
    const size = await blobs.size(key)
    return size === undefined && (await blobs.quarantine.restore(key)) ? blobs.size(key) : size
  }

  async function forgetBrokenVariants({ signal, count = () => {} }: Work): Promise<number> {
    let forgotten = 0
    for (let batch = await repo.listVariants('', BATCH); batch.length > 0; ) {
      const sizes = await looks.map(batch, ({ blobKey }) => sizeOf(blobKey))
      const broken = batch.filter(({ size }, index) => sizes[index] !== size).map(({ blobKey }) => blobKey)
      await repo.forgetVariants(broken)
      forgotten += broken.length
      count({ rows: broken.length })
      signal?.throwIfAborted()
      batch = await repo.listVariants(batch.at(-1)?.blobKey ?? '', BATCH)
    }
    return forgotten
  }

  /**
   * Reads files again and compares their SHA-256, at a limited rate in bytes per second, beginning with the files that
   * were checked longest ago. Ends when every file was read within `everyDays`, or after `maxMinutes`; the next run
   * continues from there.
   */
  async function verifyDigests(
    { bytesPerSecond, everyDays, maxMinutes }: { bytesPerSecond: number; everyDays: number; maxMinutes: number },
    { signal, count = () => {} }: Work = {},
  ) {
    await assertOwned()
    const report = { verified: 0, broken: 0, isComplete: true }
    const throttle = createThrottle(bytesPerSecond)
    const until = performance.now() + maxMinutes * 60_000
    const before = clock() - everyDays * DAY_MS
    for (let batch = await repo.listUnverified(before, VERIFY_BATCH); batch.length > 0; ) {
      for (const file of batch) {
        const fault = await readFault(file, throttle, signal)
        const isStillThere = (await repo.noteFaults([{ ...file, fault, verifiedAt: clock() }])) === 1
        count({ files: 1, rows: fault === file.fault ? 0 : 1, bytes: file.size })
        report.verified += 1
        if (isStillThere && fault !== null) report.broken += 1
        signal?.throwIfAborted()
        if (performance.now() > until) return { ...report, isComplete: false }
      }
      batch = await repo.listUnverified(before, VERIFY_BATCH)
    }
    return report
  }

  async function readFault(file: StoredBytes, throttle: Throttle, signal?: AbortSignal): Promise<FileFault | null> {
    const hash = createHash('sha256')
    let size = 0
    try {
      for await (const chunk of await blobs.get(file.blobKey)) {
        hash.update(chunk)
        size += chunk.length
        await throttle(chunk.length, signal)
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (kindOf(error) === 'not_found') return 'missing'
      if ((await blobs.size(file.blobKey)) !== file.size) return 'size'
      throw error
    }
    if (size !== file.size) return 'size'
    return hash.digest('hex') === file.sha256 ? null : 'digest'
  }

  return { checkLinks, verifyDigests, countBroken: repo.countFaults }
}

type Throttle = ReturnType<typeof createThrottle>

/** Pauses after each batch of bytes, so that the average rate is not exceeded. */
function createThrottle(bytesPerSecond: number) {
  const startedAt = performance.now()
  let bytes = 0
  return async (more: number, signal?: AbortSignal): Promise<void> => {
    bytes += more
    const early = (bytes / bytesPerSecond) * 1000 - (performance.now() - startedAt)
    if (early > 5) await setTimeout(early, undefined, signal ? { signal } : {})
    else signal?.throwIfAborted()
  }
}
